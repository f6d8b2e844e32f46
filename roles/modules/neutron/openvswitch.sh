# shellcheck shell=sh disable=SC2046,SC2086 # lists
# Open vSwitch's bridges and its agent. Two ways, by what the node's kernel has:
#  * the module openvswitch: packets are switched in the kernel, tunnels end at the node's address in the cluster network;
#  * none: they are switched by ovs-vswitchd, a process (bridges of the type netdev). Its tunnels leave through a bridge of its own only, so the cluster
#    network's NIC becomes the port of such a bridge, and the bridge has the NIC's address. After a start of the node nothing remembers such addresses
#    but the unit cpmg-openvswitch.
# A restart of Open vSwitch with bridges of the second kind kills every port that is in a network namespace (routers, DHCP), and no agent notices:
# it is restarted once, before there is any bridge, and never again.
UNIT=/etc/systemd/system/cpmg-openvswitch.service

kernel_has_it() { [ -d /sys/module/openvswitch ] || grep -qs '/openvswitch\.ko' "/lib/modules/$(uname -r)/modules.dep" "/lib/modules/$(uname -r)/modules.builtin"; }
ours() { [ "$NEUTRON_MECHANISM" = openvswitch ]; }

uplink() { if [ -n "${NET_PUBLIC_BRIDGE-}" ]; then printf '%s' "$PROVIDER_LINK"; else printf '%s' "$PROVIDER_NIC"; fi; } # what carries the public network
datapath() { if kernel_has_it; then printf system; else printf netdev; fi; }
tunnel_address() { printf '%s' "${CLUSTER_ADDRESS:-$NODE_ADDRESS}"; }

# What would cut cpmg off, told before anything is changed, in a dry run as well.
possible() {
    ours && ! kernel_has_it || return 0
    about="the kernel of $NODE_NAME ($(uname -r)) has no module openvswitch, so tunnels must end on a bridge that takes the NIC of the cluster network"
    [ "${NET_CLUSTER_OURS-}" != 1 ] ||
        fail "$about, and ${NET_CLUSTER_NIC-} carries cpmg's own connection. Give the cluster network another NIC in the network plan, or the node a kernel with the module"
    [ -n "$CLUSTER_NIC" ] ||
        fail "$about, and the network plan has no cluster network for it. Add one with a NIC of its own, or give the node a kernel with the module"
    [ "${NET_GATEWAY_TAG-}" != cluster ] ||
        fail "$about, and the node's default route goes over $CLUSTER_NIC. Let it go over another network in the network plan"
}

commands() { # of the unit: bridges and addresses as they must be, whatever is there
    type=$(datapath)
    if [ -n "$PROVIDER_NIC" ]; then
        printf 'ExecStart=/usr/bin/ovs-vsctl --may-exist add-br %s -- set Bridge %s datapath_type=%s -- --may-exist add-port %s %s\n' \
            "$PROVIDER_BRIDGE" "$PROVIDER_BRIDGE" "$type" "$PROVIDER_BRIDGE" "$(uplink)"
        printf "ExecStart=/bin/sh -ec 'ip link set dev %s up; ip link set dev %s up'\n" "$(uplink)" "$PROVIDER_BRIDGE"
    fi
    for pair in $FLAT_NETWORKS; do
        bridge=br-${pair%%:*} nic=${pair#*:}
        printf 'ExecStart=/usr/bin/ovs-vsctl --may-exist add-br %s -- set Bridge %s datapath_type=%s -- --may-exist add-port %s %s\n' \
            "$bridge" "$bridge" "$type" "$bridge" "$nic"
        printf "ExecStart=/bin/sh -ec 'ip link set dev %s up; ip link set dev %s up'\n" "$nic" "$bridge"
    done
    [ "$type" = netdev ] || return 0
    address=$(tunnel_address)/${NET_CLUSTER_PREFIX:-24}
    printf 'ExecStart=/usr/bin/ovs-vsctl --may-exist add-br %s -- set Bridge %s datapath_type=netdev -- --may-exist add-port %s %s\n' \
        "$CLUSTER_BRIDGE" "$CLUSTER_BRIDGE" "$CLUSTER_BRIDGE" "$CLUSTER_NIC"
    printf "ExecStart=/bin/sh -ec 'ip link set dev %s up; ip link set dev %s %sup; ip -4 address flush dev %s scope global; ip address replace %s dev %s; mkdir -p /run/cpmg-carried; echo %s >/run/cpmg-carried/%s'\n" \
        "$CLUSTER_NIC" "$CLUSTER_BRIDGE" "${NET_CLUSTER_MTU:+mtu $NET_CLUSTER_MTU }" "$CLUSTER_NIC" "$address" "$CLUSTER_BRIDGE" "$CLUSTER_BRIDGE" "$CLUSTER_NIC"
    printf "ExecStop=/bin/sh -c 'rm -f /run/cpmg-carried/%s; ip -4 address flush dev %s scope global; ip address replace %s dev %s'\n" \
        "$CLUSTER_NIC" "$CLUSTER_BRIDGE" "$address" "$CLUSTER_NIC"
}

mapped() { # the bridges of the public network and of the further flat ones
    [ -z "$PROVIDER_NIC" ] || printf '%s:%s\n' "$PHYSICAL_NETWORK" "$PROVIDER_BRIDGE"
    for pair in $FLAT_NETWORKS; do printf '%s:br-%s\n' "${pair%%:*}" "${pair%%:*}"; done
}

flat_bridges() { printf '%s\n' $FLAT_NETWORKS | sed -n 's/^\(..*\):.*/br-\1/p'; }

strangers() { # BRIDGE PORT: NICs of the node in the bridge of a further flat network that is meant for another one. Agents' own ports are no devices, or patches
    for pair in $FLAT_NETWORKS; do
        for port in $(ovs-vsctl list-ports "br-${pair%%:*}" 2>/dev/null); do
            [ "$port" = "${pair#*:}" ] || [ ! -e "/sys/class/net/$port" ] || printf 'br-%s %s\n' "${pair%%:*}" "$port"
        done
    done
}

files() {
    ours || return 0
    possible
    type=$(datapath)
    ini_set "$OPENVSWITCH_CONF" ovs datapath_type "$type"
    ini_set "$OPENVSWITCH_CONF" ovs local_ip "$(tunnel_address)"
    if [ -n "$(mapped)" ]; then
        ini_set "$OPENVSWITCH_CONF" ovs bridge_mappings "$(mapped | paste -s -d , -)"
    else
        ini_unset "$OPENVSWITCH_CONF" ovs bridge_mappings
    fi
    ini_set "$OPENVSWITCH_CONF" agent tunnel_types "${SELF_SERVICE:+vxlan}"
    ini_set "$OPENVSWITCH_CONF" agent l2_population "$(if [ -n "$SELF_SERVICE" ]; then echo true; else echo false; fi)"
    ini_set "$OPENVSWITCH_CONF" securitygroup enable_security_group true
    ini_set "$OPENVSWITCH_CONF" securitygroup firewall_driver openvswitch
    {
        cat <<END_OF_UNIT
# Made by cpmg
[Unit]
Description=Bridges of Open vSwitch and their addresses
After=$SWITCH_SERVICE.service network.target networking.service cpmg-provider.service
Wants=cpmg-provider.service
Requires=$SWITCH_SERVICE.service
PartOf=$SWITCH_SERVICE.service networking.service
Before=$AGENT_SERVICES.service

[Service]
Type=oneshot
RemainAfterExit=yes
END_OF_UNIT
        commands
        printf '\n[Install]\nWantedBy=multi-user.target\n'
    } | file_write "$UNIT" 0644 root:root
}

option() { ovs-vsctl --if-exists get Open_vSwitch . "other_config:userspace-tso-enable" 2>/dev/null | tr -d '"'; }
bridges() { ovs-vsctl list-br 2>/dev/null; }
has_address() { ip -o -4 address show dev "$1" scope global 2>/dev/null | grep -qF " inet $(tunnel_address)/"; } # DEVICE

wired() {
    [ -z "$PROVIDER_NIC" ] || [ "$(ovs-vsctl port-to-br "$(uplink)" 2>/dev/null)" = "$PROVIDER_BRIDGE" ] || return 1
    for pair in $FLAT_NETWORKS; do [ "$(ovs-vsctl port-to-br "${pair#*:}" 2>/dev/null)" = "br-${pair%%:*}" ] || return 1; done
    [ "$(datapath)" = netdev ] || return 0
    [ "$(option)" = true ] && [ "$(ovs-vsctl port-to-br "$CLUSTER_NIC" 2>/dev/null)" = "$CLUSTER_BRIDGE" ] &&
        has_address "$CLUSTER_BRIDGE" && ! has_address "$CLUSTER_NIC"
}

run() {
    if ! ours; then say "platform $PLATFORM switches with $NEUTRON_MECHANISM"; return 0; fi
    if kernel_has_it; then
        say "Open vSwitch switches packets in the kernel, which has its module"
    else
        say "the kernel ($(uname -r)) has no module openvswitch: packets are switched by the process ovs-vswitchd (datapath netdev), more slowly; $CLUSTER_NIC becomes a port of $CLUSTER_BRIDGE, which gets its address $(tunnel_address)"
    fi
    [ -z "${NET_VLANS-}" ] || say "no networks of VLANs on platform $PLATFORM: they are not carried by Open vSwitch so far"
    files
    service_brings $SWITCH_BRINGS "$SWITCH_SERVICE" cpmg-openvswitch.service
    systemctl daemon-reload
    if ! systemctl -q is-active "$SWITCH_SERVICE"; then
        say "starting Open vSwitch"
        systemctl start "$SWITCH_SERVICE" || { _unit_report "$SWITCH_SERVICE"; fail "Open vSwitch does not start (see above)"; }
        mark_changed
    fi
    for name in "$PROVIDER_BRIDGE" "$CLUSTER_BRIDGE" br-int br-tun $(flat_bridges); do
        ovs-vsctl br-exists "$name" || undo_on bridges_gone "$name" # what was there before stays
    done
    [ -z "${FLAT_GOES-}" ] || bridges_gone "br-$FLAT_GOES"
    strangers | while read -r bridge port; do
        say "taking $port out of $bridge: it has another NIC now"
        ovs-vsctl --if-exists del-port "$bridge" "$port"
        mark_changed
    done
    if ! kernel_has_it && [ "$(option)" != true ]; then
        # Guests leave checksums to the NIC; without this nobody computes them, and their TCP is dead.
        [ -z "$(bridges)" ] ||
            fail "Open vSwitch has bridges ($(bridges | tr '\n' ' ')), but not the option other_config:userspace-tso-enable=true, which it heeds at its start only, and a restart would kill the ports of its networks. Set it, restart the node and install again"
        undo_on option_gone
        ovs-vsctl set Open_vSwitch . other_config:userspace-tso-enable=true
        systemctl restart "$SWITCH_SERVICE"
        mark_changed
    fi
    [ "$(systemctl is-enabled cpmg-openvswitch.service 2>/dev/null)" = enabled ] || { systemctl -q enable cpmg-openvswitch.service; mark_changed; }
    if ! systemctl -q is-active cpmg-openvswitch.service; then
        systemctl start cpmg-openvswitch.service || { _unit_report cpmg-openvswitch.service; fail "the bridges of Open vSwitch could not be made (see above)"; }
        mark_changed
    elif ! wired; then
        # not its stop: that would take the address from tunnels that are in use
        say "the bridges are not as planned; making them so"
        commands | sed -n 's/^ExecStart=//p' >"$CPMG_ATTEMPT/commands"
        sh -e "$CPMG_ATTEMPT/commands"
        mark_changed
    fi
    wired || { ovs-vsctl show; fail "the bridges of Open vSwitch are not as planned (see above): does the network of $NODE_NAME look as planned?"; }
    must_run "$SWITCH_SERVICE" $SWITCH_BRINGS
}

bridges_gone() { # NAME...
    systemctl -q is-active "$SWITCH_SERVICE" || systemctl start "$SWITCH_SERVICE" || return 0
    for name; do
        ovs-vsctl br-exists "$name" || continue
        say "removing bridge $name"
        ovs-vsctl --if-exists del-br "$name"
    done
}

option_gone() { ovs-vsctl remove Open_vSwitch . other_config userspace-tso-enable; }

undo() {
    # gives the NIC its address back while the bridge is still there
    ! systemctl -q is-active cpmg-openvswitch.service || systemctl stop cpmg-openvswitch.service
    undo_all
    systemctl daemon-reload
    ! ours || systemctl -q is-active $AGENT_SERVICES || name_spaces_gone
}
