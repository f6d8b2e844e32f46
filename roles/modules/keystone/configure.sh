# shellcheck shell=sh
files() {
    ini_set "$CONF" database connection "mysql+pymysql://keystone:$(url_quote "$KEYSTONE_DB_PASSWORD")@$CONTROLLER_NAME/keystone"
    ini_set "$CONF" token provider fernet
    ini_set "$CONF" cache enabled true
    ini_set "$CONF" cache backend dogpile.cache.memcached
    ini_set "$CONF" cache memcache_servers 127.0.0.1:11211
    [ -z "$WSGI_CONF" ] || file_install "$CPMG_FILES/wsgi-keystone.conf" "$WSGI_CONF"
    [ -z "$APACHE_CONF" ] || file_edit "$APACHE_CONF" awk -v line="ServerName $CONTROLLER_NAME" '
        /^ServerName[ \t]/ { if (!done++) print line; next } { print } END { if (!done) print line }'
    [ -z "$UWSGI_PROCESSES" ] || ini_set "$UWSGI" uwsgi processes "$UWSGI_PROCESSES"
    [ -z "$UWSGI_THREADS" ] || ini_set "$UWSGI" uwsgi threads "$UWSGI_THREADS"
}

run() { files; }

undo() {
    undo_all
    service_try_restart "$SERVICES"
}
