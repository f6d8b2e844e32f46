# shellcheck shell=sh
CONF=$FOLDER/proxy-server.conf

files() {
    [ -e "$CONF" ] || [ "$SAMPLES" != no ] || file_install "$CPMG_FILES/proxy-server.conf" "$CONF" 0640 root:swift
    ini_set "$CONF" DEFAULT bind_port 8080
    ini_set "$CONF" DEFAULT user swift
    ini_set "$CONF" DEFAULT swift_dir "$FOLDER"
    [ -z "$WORKERS" ] || ini_set "$CONF" DEFAULT workers "$WORKERS"
    ini_set "$CONF" pipeline:main pipeline "$PIPELINE"
    ini_set "$CONF" app:proxy-server use egg:swift#proxy
    ini_set "$CONF" app:proxy-server account_autocreate True
    ini_set "$CONF" filter:keystoneauth use egg:swift#keystoneauth
    ini_set "$CONF" filter:keystoneauth operator_roles "$OPERATOR_ROLES"
    ini_set "$CONF" filter:authtoken paste.filter_factory keystonemiddleware.auth_token:filter_factory
    authtoken_set "$CONF" swift "$(printf '%s' "$SWIFT_PASSWORD" | sed 's/%/%%/g')" filter:authtoken # Paste takes % for a reference
    ini_set "$CONF" filter:authtoken delay_auth_decision True
    ini_set "$CONF" filter:cache use egg:swift#memcache
    ini_set "$CONF" filter:cache memcache_servers "$CONTROLLER_NAME:11211"
}

run() { files; }

undo() {
    undo_all
    service_try_restart "$PROXY_SERVICE"
}
