# shellcheck shell=sh disable=SC2086 # lists of services
vlan_ranges() { # of the plan's 100-199,300, one 100:199 each
    printf '%s\n' "${NET_VLANS-}" | tr ',' '\n' | awk -F- -v network="$VLAN_NETWORK" 'NF { printf "%s%s:%s:%s", comma, network, $1, $NF; comma = "," }'
}

files() {
    ini_set "$CONF" database connection "$(database_url neutron neutron "$NEUTRON_DB_PASSWORD")"
    # Without self-service networks as seed 001 begins (lines 1638, 1733-1745); with them as it goes on (lines 4183-4203).
    ini_set "$CONF" DEFAULT service_plugins "${SELF_SERVICE:+router}"
    ini_set "$CONF" DEFAULT notify_nova_on_port_status_changes true
    ini_set "$CONF" DEFAULT notify_nova_on_port_data_changes true
    [ -z "$RPC_WORKERS" ] || ini_set "$CONF" DEFAULT rpc_workers "$RPC_WORKERS"
    auth_set "$CONF" nova nova "$NOVA_PASSWORD"
    ini_set "$CONF" nova region_name "$REGION"

    ini_set "$ML2_CONF" ml2 type_drivers "flat,vlan${SELF_SERVICE:+,vxlan}"
    ini_set "$ML2_CONF" ml2 tenant_network_types "${SELF_SERVICE:+$TENANT_NETWORK_TYPES}"
    ini_set "$ML2_CONF" ml2 mechanism_drivers "$NEUTRON_MECHANISM${SELF_SERVICE:+,l2population}"
    ini_set "$ML2_CONF" ml2 extension_drivers port_security
    ini_set "$ML2_CONF" ml2_type_flat flat_networks "$(printf '%s' "$PHYSICAL_NETWORK $FLAT_NAMES" | tr -s ' ' ',' | sed 's/,$//')"
    ini_set "$ML2_CONF" ml2_type_vxlan vni_ranges "$VNI_RANGES"
    [ -z "$(vlan_ranges)" ] || ini_set "$ML2_CONF" ml2_type_vlan network_vlan_ranges "$(vlan_ranges)"
    ini_set "$ML2_CONF" securitygroup enable_ipset true

    ini_set "$L3_CONF" DEFAULT interface_driver "$NEUTRON_MECHANISM"
    ini_set "$DHCP_CONF" DEFAULT interface_driver "$NEUTRON_MECHANISM"
    ini_set "$DHCP_CONF" DEFAULT dhcp_driver neutron.agent.linux.dhcp.Dnsmasq
    ini_set "$DHCP_CONF" DEFAULT enable_isolated_metadata true
    ini_set "$METADATA_CONF" DEFAULT nova_metadata_host "$CONTROLLER_NAME"
    ini_set "$METADATA_CONF" DEFAULT metadata_proxy_shared_secret "$METADATA_SECRET"
    [ -z "$METADATA_WORKERS" ] || ini_set "$METADATA_CONF" DEFAULT metadata_workers "$METADATA_WORKERS"

    if [ -n "$OLD_ROUTERS" ]; then
        ini_set "$CONF" DEFAULT allow_overlapping_ips true
        ini_set "$L3_CONF" DEFAULT external_network_bridge ''
    fi
    [ -z "$PLUGIN_LINK" ] || link_ensure "$PLUGIN_LINK" "$ML2_CONF"
    if [ -n "$UWSGI" ]; then
        [ -z "$UWSGI_PROCESSES" ] || ini_set "$UWSGI" uwsgi processes "$UWSGI_PROCESSES"
        [ -z "$UWSGI_THREADS" ] || ini_set "$UWSGI" uwsgi threads "$UWSGI_THREADS"
        [ -z "$UWSGI_LOG" ] || ini_set "$UWSGI" uwsgi log-format "$UWSGI_LOG"
    fi
}

run() { files; }

undo() {
    undo_all
    service_try_restart $SERVICES
}
