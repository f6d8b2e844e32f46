# shellcheck shell=sh
files() {
    ini_set "$CONF" DEFAULT transport_url "$(message_url "$RABBIT_USER" "$RABBIT_PASSWORD")"
    ini_set "$CONF" database connection "$(database_url magnum magnum "$MAGNUM_DB_PASSWORD")"
    ini_set "$CONF" api host "$NODE_ADDRESS"
    ini_set "$CONF" certificates cert_manager_type "$CERTIFICATES"
    ini_set "$CONF" cinder_client region_name "$REGION"
    auth_set "$CONF" keystone_authtoken magnum "$MAGNUM_PASSWORD"
    ini_set "$CONF" keystone_authtoken region_name "$REGION"
    ini_set "$CONF" keystone_authtoken memcached_servers "$CONTROLLER_NAME:11211"
    ini_set "$CONF" keystone_authtoken auth_version v3
    ini_set "$CONF" keystone_authtoken www_authenticate_uri "http://$CONTROLLER_NAME:5000/v3" # Magnum takes Keystone's address from it
    auth_set "$CONF" keystone_auth magnum "$MAGNUM_PASSWORD"
    ini_set "$CONF" trust trustee_domain_name magnum
    ini_set "$CONF" trust trustee_domain_admin_name magnum_domain_admin
    ini_set "$CONF" trust trustee_domain_admin_password "$MAGNUM_DOMAIN_PASSWORD"
    ini_set "$CONF" trust trustee_keystone_interface public
    ini_set "$CONF" oslo_messaging_notifications driver messaging
    [ -z "$CONDUCTOR_WORKERS" ] || ini_set "$CONF" conductor workers "$CONDUCTOR_WORKERS"
    [ -z "$UWSGI" ] || [ -z "$UWSGI_PROCESSES" ] || ini_set "$UWSGI" uwsgi processes "$UWSGI_PROCESSES"
    [ -z "$UWSGI" ] || [ -z "$UWSGI_THREADS" ] || ini_set "$UWSGI" uwsgi threads "$UWSGI_THREADS"
}

run() { files; }

# shellcheck disable=SC2086 # a list of units
undo() {
    undo_all
    service_try_restart $SERVICES
}
