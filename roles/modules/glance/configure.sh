# shellcheck shell=sh
files() {
    for file in "$CONF" $REGISTRY_CONF; do
        ini_set "$file" database connection "$(database_url glance glance "$GLANCE_DB_PASSWORD")"
        authtoken_set "$file" glance "$GLANCE_PASSWORD"
        ini_set "$file" paste_deploy flavor keystone
        [ -z "$WORKERS" ] || ini_set "$file" DEFAULT workers "$WORKERS"
    done
    if [ "$STORES" = backends ]; then
        ini_set "$CONF" DEFAULT enabled_backends fs:file
        ini_set "$CONF" glance_store default_backend fs
        ini_set "$CONF" fs filesystem_store_datadir "$IMAGES"
    else
        ini_set "$CONF" glance_store stores file,http
        ini_set "$CONF" glance_store default_store file
        ini_set "$CONF" glance_store filesystem_store_datadir "$IMAGES"
    fi
}

run() { files; }

undo() {
    undo_all
    # shellcheck disable=SC2086 # a list
    service_try_restart $SERVICES
}
