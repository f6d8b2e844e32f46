# shellcheck shell=sh
files() {
    # Without it Apache 2.4 refuses what is in /usr/bin, and Ocata's package does not say so.
    [ -z "$ACCESS_CONF" ] || printf '# Written by cpmg\n<Directory /usr/bin>\n    Require all granted\n</Directory>\n' | file_write "$ACCESS_CONF"
    [ -n "$OWN" ] || return 0
    ini_set "$CONF" placement_database connection "$(database_url placement placement "$PLACEMENT_DB_PASSWORD")"
    ini_set "$CONF" api auth_strategy keystone
    authtoken_set "$CONF" placement "$PLACEMENT_PASSWORD"
    [ -z "$UWSGI" ] || [ -z "$UWSGI_PROCESSES" ] || ini_set "$UWSGI" uwsgi processes "$UWSGI_PROCESSES"
    [ -z "$UWSGI" ] || [ -z "$UWSGI_THREADS" ] || ini_set "$UWSGI" uwsgi threads "$UWSGI_THREADS"
}

run() { files; }

undo() {
    undo_all
    # shellcheck disable=SC2086 # a list
    service_try_restart $SERVICES
}
