# shellcheck shell=sh
# The NICs of further flat networks carry no address of the node, so nothing but this switches them on. (Seed 001, lines 3887-3898, gives each node an
# address there, which the agent then moves into a bridge; instances need none.)
UNIT=/etc/systemd/system/cpmg-flat.service

nics() { printf '%s\n' "$FLAT_NETWORKS" | tr ' ' '\n' | sed -n 's/^[^:]*://p'; }
lit() { for nic in $(nics); do [ "$(($(cat "/sys/class/net/$nic/flags")))" != 0 ] && [ "$(($(cat "/sys/class/net/$nic/flags") % 2))" = 1 ] || return 1; done; }

unit() {
    cat <<END
# Made by cpmg
[Unit]
Description=NICs of flat networks
After=network-online.target networking.service
Wants=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -ec 'for nic in $(nics | paste -s -d ' ' -); do ip link set dev \$\$nic up; done'

[Install]
WantedBy=multi-user.target
END
}

files() { [ -z "$FLAT_NETWORKS" ] || unit | file_write "$UNIT" 0644 root:root; }

check() {
    if [ -z "$FLAT_NETWORKS" ]; then [ ! -e "$UNIT" ]; return; fi
    for nic in $(nics); do [ -e "/sys/class/net/$nic" ] || fail "$NODE_NAME has no NIC $nic"; done
    unit | cmp -s - "$UNIT" && unit_good cpmg-flat && lit
}

run() {
    if [ -z "$FLAT_NETWORKS" ]; then
        [ -e "$UNIT" ] || return 0
        service_brings cpmg-flat.service
        systemctl -q disable --now cpmg-flat.service
        save_file "$UNIT"
        rm -f "$UNIT"
        systemctl daemon-reload
        say "no further flat networks here"
        mark_changed
        return 0
    fi
    unit | cmp -s - "$UNIT" || unit_stale
    files
    systemctl daemon-reload
    unit_enable cpmg-flat
    lit || { systemctl restart cpmg-flat; mark_changed; }
    wait_for 10 lit || fail "a NIC of the flat networks ($(nics | paste -s -d ' ' -)) cannot be switched on: does $NODE_NAME have it?"
}

undo() {
    undo_all
    systemctl daemon-reload
}
