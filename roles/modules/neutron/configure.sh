# shellcheck shell=sh disable=SC2086 # lists of services
# What every node with an agent needs. Debian's units end at once, with status 0, without core_plugin.
files() {
    ini_set "$CONF" DEFAULT core_plugin ml2
    ini_set "$CONF" DEFAULT auth_strategy keystone
    ini_set "$CONF" DEFAULT transport_url "$(message_url "$RABBIT_USER" "$RABBIT_PASSWORD")"
    authtoken_set "$CONF" neutron "$NEUTRON_PASSWORD"
    ini_set "$CONF" oslo_concurrency lock_path /var/lib/neutron/tmp
    [ -z "$EXPERIMENTAL" ] || ini_set "$CONF" experimental "$EXPERIMENTAL" true
    # A package's sample of a database on a node that has none.
    case " $NODE_ROLES " in
        *' controller '*) ;;
        *) ini_unset "$CONF" database connection ;;
    esac
}

run() { files; }

undo() {
    undo_all
    service_try_restart $SERVICES $AGENT_SERVICES
}
