# shellcheck shell=sh disable=SC2086 # a list of services
files() {
    auth_set "$NOVA_CONF" neutron neutron "$NEUTRON_PASSWORD"
    ini_set "$NOVA_CONF" neutron region_name "$REGION"
    [ -z "$WITH_URL" ] || ini_set "$NOVA_CONF" neutron url "http://$CONTROLLER_NAME:9696"
    case " $NODE_ROLES " in
        *' controller '*)
            ini_set "$NOVA_CONF" neutron service_metadata_proxy true
            ini_set "$NOVA_CONF" neutron metadata_proxy_shared_secret "$METADATA_SECRET" ;;
    esac
}

run() { files; }

undo() {
    undo_all
    service_try_restart $NOVA_API_SERVICE $NOVA_COMPUTE_SERVICE
}
