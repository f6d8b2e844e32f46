# shellcheck shell=sh
check() { [ -z "$NETWORK_PORTS" ] && network_unplanned; }

run() {
    made_by_step /etc/network
    pkg_install
}

undo() { undo_all; }
