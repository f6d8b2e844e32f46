# shellcheck shell=sh disable=SC2016,SC2086 # $my_ip is Nova's own; lists of services
# What controllers and compute nodes have in common. Who the network service is stands in [neutron], which the module neutron writes.
files() {
    ini_set "$CONF" DEFAULT transport_url "$(message_url "$RABBIT_USER" "$RABBIT_PASSWORD")"
    ini_set "$CONF" DEFAULT my_ip "$NODE_ADDRESS"
    ini_set "$CONF" api auth_strategy keystone
    authtoken_set "$CONF" nova "$NOVA_PASSWORD"
    # Debian has another spelling here, and then no endpoint is found.
    ini_set "$CONF" cinder os_region_name "$REGION"
    # As an administrator's, an action that takes longer than a token is valid comes to its end.
    ini_set "$CONF" service_user send_service_user_token true
    # Seed 004, lines 986 and 1154: not https://controller/identity, which is written in the official text.
    auth_set "$CONF" service_user nova "$NOVA_PASSWORD" /v3
    ini_set "$CONF" placement region_name "$REGION"
    auth_set "$CONF" placement placement "${PLACEMENT_PASSWORD-}" /v3
    # Seed 004, line 1041: a fault of Ubuntu's packages.
    [ -z "$NO_LOG_DIR" ] || ini_unset "$CONF" DEFAULT log_dir
    [ -z "$DRIVER_OPTIONS" ] || for option in $DRIVER_OPTIONS; do ini_set "$CONF" DEFAULT "${option%%=*}" "${option#*=}"; done
    ini_set "$CONF" glance api_servers "http://${IMAGE_NAME:-$CONTROLLER_NAME}:9292"
    ini_set "$CONF" oslo_concurrency lock_path /var/lib/nova/tmp
    ini_set "$CONF" vnc enabled true
    ini_set "$CONF" vnc server_proxyclient_address '$my_ip'
    case " $NODE_ROLES " in
        *' compute '*) ini_set "$CONF" vnc server_listen 0.0.0.0 ;;
        *) ini_set "$CONF" vnc server_listen '$my_ip' ;;
    esac
}

run() { files; }

undo() {
    undo_all
    service_try_restart $SERVICES $COMPUTE_SERVICE
}
