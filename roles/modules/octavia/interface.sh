# shellcheck shell=sh
# The controller's own port in the network of amphorae: o-hm0, an internal port of Open vSwitch's br-int (seed 004 lines 4540-4548), or one end of a pair in
# the network's Linux bridge (lines 4472-4476). Made anew at each start of the node (lines 4639-4697). Against the guide: unit and script
# have one name and the unit is enabled, it waits for the bridge instead of two minutes, the address is the port's own instead of DHCP's, which would bring a second default route, and
# a second start does not open the firewall twice.
UNIT=/etc/systemd/system/octavia-interface.service
SCRIPT=/opt/octavia-interface.sh
PORT=octavia-health-manager-listen-port

login() { objects_begin octavia service "$OCTAVIA_PASSWORD"; }

text() {
    mac=$(object_show port "$PORT" mac_address) && id=$(object_show port "$PORT" id) && mtu=$(object_show network lb-mgmt-net mtu) && network=$(object_show network lb-mgmt-net id) || return 1
    printf '#!/bin/bash\n# Made by cpmg: o-hm0, by which Octavia reaches amphorae.\nset -x\nMAC="%s"\nPORT_ID="%s"\n' "$mac" "$id"
    if [ "$MECHANISM" = openvswitch ]; then
        cat <<'END'
seconds=0
until ovs-vsctl br-exists br-int || [ "$seconds" = 300 ]; do sleep 1; seconds=$((seconds + 1)); done
ovs-vsctl --may-exist add-port br-int o-hm0 \
  -- set Interface o-hm0 type=internal \
  -- set Interface o-hm0 external-ids:iface-status=active \
  -- set Interface o-hm0 external-ids:attached-mac=$MAC \
  -- set Interface o-hm0 external-ids:iface-id=$PORT_ID
END
    else
        printf 'BRIDGE=brq%.11s\n' "$network"
        cat <<'END'
seconds=0
until [ -e "/sys/class/net/$BRIDGE" ] || [ "$seconds" = 300 ]; do sleep 1; seconds=$((seconds + 1)); done
[ -e /sys/class/net/o-hm0 ] || ip link add o-hm0 type veth peer name o-bhm0
ip link set o-bhm0 master "$BRIDGE"
ip link set o-bhm0 up
END
    fi
    cat <<END
ip link set dev o-hm0 address \$MAC
ip link set dev o-hm0 mtu $mtu
ip link set dev o-hm0 up
ip address replace $MANAGEMENT_ADDRESS/${MANAGEMENT_CIDR#*/} dev o-hm0
iptables -C INPUT -i o-hm0 -p udp --dport 5555 -j ACCEPT ||
iptables -I INPUT -i o-hm0 -p udp --dport 5555 -j ACCEPT
END
}

unit() {
    [ "$MECHANISM" != openvswitch ] || after='openvswitch-switch.service'
    cat <<END
# Made by cpmg
[Unit]
Description=Octavia Interface Start
After=network.target${after:+ $after}
Wants=${after-}
Before=octavia-health-manager.service

[Service]
Type=oneshot
ExecStart=/bin/sh $SCRIPT
RemainAfterExit=true
StandardOutput=journal
StandardError=journal

[Install]
WantedBy=multi-user.target
END
}

up() { ip -o -4 address show dev o-hm0 2>/dev/null | grep -qF " inet $MANAGEMENT_ADDRESS/"; }

check() {
    [ -n "$AMPHORAE" ] || return 0
    login && text >"$CPMG_ATTEMPT/script" 2>/dev/null && cmp -s "$CPMG_ATTEMPT/script" "$SCRIPT" &&
        unit | cmp -s - "$UNIT" && unit_good octavia-interface && up
}

run() {
    login
    text >"$CPMG_ATTEMPT/script" || fail "Neutron does not tell of the port $PORT (see above): does it run on $CONTROLLER_NAME?"
    undo_on interface_gone
    { cmp -s "$CPMG_ATTEMPT/script" "$SCRIPT" && unit | cmp -s - "$UNIT"; } || unit_stale
    # not previewed: the port's address and number are known when it is made
    file_install "$CPMG_ATTEMPT/script" "$SCRIPT" 0755
    # not previewed: it belongs to the script
    unit | file_write "$UNIT" 0644 root:root
    systemctl daemon-reload
    unit_enable octavia-interface
    wait_for 10 up || { systemctl restart octavia-interface; mark_changed; }
    wait_for 30 up || { _unit_report octavia-interface; fail "o-hm0 has not the address $MANAGEMENT_ADDRESS (see above): does Neutron's agent run on $NODE_NAME?"; }
}

interface_gone() {
    ! command -v ovs-vsctl >/dev/null || ovs-vsctl --if-exists del-port br-int o-hm0 || :
    [ ! -e /sys/class/net/o-hm0 ] || ip link delete dev o-hm0 2>/dev/null || :
    ! iptables -C INPUT -i o-hm0 -p udp --dport 5555 -j ACCEPT 2>/dev/null || iptables -D INPUT -i o-hm0 -p udp --dport 5555 -j ACCEPT
}

undo() {
    undo_all
    systemctl daemon-reload
}
