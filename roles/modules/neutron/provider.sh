# shellcheck shell=sh
# The plan's public network is a bridge that may carry an address of the node, and an agent that is given a NIC moves the NIC's addresses into a
# bridge of its own. So agents get the end of a pair of their own, whose other end is in the plan's bridge: nothing of the node's network changes.
UNIT=/etc/systemd/system/cpmg-provider.service

bridge() { [ -z "$PROVIDER_NIC" ] || printf '%s' "${NET_PUBLIC_BRIDGE-}"; } # none: an agent takes the NIC itself, or there is no public network

wired() { [ "$(readlink "/sys/class/net/$PROVIDER_LINK-br/master")" = "../$(bridge)" ] && [ "$(cat "/sys/class/net/$PROVIDER_LINK/operstate")" = up ]; }

unit() {
    mtu=${NET_PUBLIC_MTU:+mtu $NET_PUBLIC_MTU }
    cat <<END
# Made by cpmg
[Unit]
Description=Way of instances to the public network
After=network-online.target networking.service
Wants=network-online.target
PartOf=networking.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -ec 'ip link show dev $PROVIDER_LINK >/dev/null 2>&1 || ip link add $PROVIDER_LINK type veth peer name $PROVIDER_LINK-br'
ExecStart=/bin/sh -ec 'ip link set dev $PROVIDER_LINK-br ${mtu}master $(bridge) up; ip link set dev $PROVIDER_LINK ${mtu}up'
ExecStop=/bin/sh -c 'ip link delete dev $PROVIDER_LINK'

[Install]
WantedBy=multi-user.target
END
}

files() { [ -z "$(bridge)" ] || unit | file_write "$UNIT" 0644 root:root; }

why() {
    if [ "${NET_PUBLIC_OURS-}" = 1 ]; then printf "%s carries cpmg's own connection" "$NET_PUBLIC_NIC"
    else printf 'the network plan has no public network for this node'; fi
}

check() {
    if [ -z "$PROVIDER_NIC" ]; then say "instances here have no way to a public network, self-service networks only: $(why)"; return 0; fi
    [ -n "$(bridge)" ] || return 0
    unit | cmp -s - "$UNIT" && unit_good cpmg-provider && wired 2>/dev/null
}

run() {
    [ -n "$(bridge)" ] || return 0
    unit | cmp -s - "$UNIT" || unit_stale
    files
    systemctl daemon-reload
    unit_enable cpmg-provider
    if ! wait_for 3 wired 2>/dev/null; then
        # A pair made anew is not in the agent's bridges: the agent puts it there when it starts.
        restart_needed
        systemctl restart cpmg-provider
        mark_changed
    fi
    wait_for 10 wired || fail "$PROVIDER_LINK is not connected with $(bridge) (see above): does the network of $NODE_NAME look as planned?"
}

undo() {
    undo_all
    systemctl daemon-reload
}
