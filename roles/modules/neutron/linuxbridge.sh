# shellcheck shell=sh disable=SC2086 # lists
mapped() { # what carries the public network, and the tenants' VLANs where the kernel has any
    [ -z "$PROVIDER_NIC" ] || if [ -n "${NET_PUBLIC_BRIDGE-}" ]; then printf '%s:%s\n' "$PHYSICAL_NETWORK" "$PROVIDER_LINK"
        else printf '%s:%s\n' "$PHYSICAL_NETWORK" "$PROVIDER_NIC"; fi
    [ -z "$FLAT_NETWORKS" ] || printf '%s\n' $FLAT_NETWORKS
    [ -z "${NET_BR_VLAN_NIC-}" ] || ! vlans || printf '%s:%s\n' "$VLAN_NETWORK" "$NET_BR_VLAN_BRIDGE"
}

vlans() { [ -e /proc/net/vlan ] || grep -qs '8021q' "/lib/modules/$(uname -r)/modules.dep" "/lib/modules/$(uname -r)/modules.builtin"; }

files() {
    [ "$NEUTRON_MECHANISM" = linuxbridge ] || return 0
    if [ -n "$(mapped)" ]; then
        ini_set "$LINUXBRIDGE_CONF" linux_bridge physical_interface_mappings "$(mapped | paste -s -d , -)"
    else
        ini_unset "$LINUXBRIDGE_CONF" linux_bridge physical_interface_mappings
    fi
    if [ -n "$SELF_SERVICE" ]; then
        ini_set "$LINUXBRIDGE_CONF" vxlan enable_vxlan true
        ini_set "$LINUXBRIDGE_CONF" vxlan local_ip "${CLUSTER_ADDRESS:-$NODE_ADDRESS}"
        ini_set "$LINUXBRIDGE_CONF" vxlan l2_population true
    else
        ini_set "$LINUXBRIDGE_CONF" vxlan enable_vxlan false
        ini_unset "$LINUXBRIDGE_CONF" vxlan local_ip
        ini_unset "$LINUXBRIDGE_CONF" vxlan l2_population
    fi
    ini_set "$LINUXBRIDGE_CONF" securitygroup enable_security_group true
    ini_set "$LINUXBRIDGE_CONF" securitygroup firewall_driver iptables
}

run() {
    files
    [ -z "${NET_BR_VLAN_NIC-}" ] || vlans || say "no networks of VLANs here: the kernel has no 8021q"
}

# What the agents have made for networks of the cloud, which nobody serves any more.
cleanup() {
    name_spaces_gone
    for link in $(ip -o link show | awk -F '[:@ ]+' '$2 ~ /^(brq[0-9a-f]|vxlan-[0-9])/ { print $2 }'); do
        say "removing $link"
        ip link delete dev "$link" 2>/dev/null || :
    done
    for tables in iptables ip6tables; do
        ! "$tables-save" 2>/dev/null | grep -q neutron- || "$tables-save" | grep -v neutron- | "$tables-restore"
    done
    mark_changed
}

undo() {
    undo_all
    service_try_restart $AGENT_SERVICES
    [ "$NEUTRON_MECHANISM" = linuxbridge ] || return 0
    systemctl -q is-active $AGENT_SERVICES || cleanup
}
