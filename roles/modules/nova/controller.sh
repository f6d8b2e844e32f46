# shellcheck shell=sh disable=SC2086 # a list of services
files() {
    ini_set "$CONF" api_database connection "$(database_url nova_api nova "$NOVA_DB_PASSWORD")"
    ini_set "$CONF" database connection "$(database_url nova nova "$NOVA_DB_PASSWORD")"
    ini_set "$CONF" scheduler discover_hosts_in_cells_interval "$DISCOVER_SECONDS"
    ini_set "$CONF" vnc novncproxy_host 0.0.0.0
    if [ -n "$WORKERS" ]; then
        ini_set "$CONF" scheduler workers "$WORKERS"
        ini_set "$CONF" conductor workers "$WORKERS"
    fi
    if [ -n "$API_UWSGI" ]; then
        [ -z "$API_PROCESSES" ] || ini_set "$API_UWSGI" uwsgi processes "$API_PROCESSES"
    fi
    if [ -n "$METADATA_UWSGI" ]; then
        [ -z "$METADATA_PROCESSES" ] || ini_set "$METADATA_UWSGI" uwsgi processes "$METADATA_PROCESSES"
        [ -z "$METADATA_THREADS" ] || ini_set "$METADATA_UWSGI" uwsgi threads "$METADATA_THREADS"
    fi
    # Otherwise the unit "starts" and ends at once, with status 0. The answer given to debconf is not heeded.
    [ -z "$CONSOLE_DEFAULTS" ] || file_edit "$CONSOLE_DEFAULTS" awk '
        /^#?NOVA_CONSOLE_PROXY_TYPE=/ { if (!n++) print "NOVA_CONSOLE_PROXY_TYPE=novnc"; next }
        { print }
        END { if (!n) print "NOVA_CONSOLE_PROXY_TYPE=novnc" }'
}

run() { files; }

undo() {
    undo_all
    service_try_restart $SERVICES
}
