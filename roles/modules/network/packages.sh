# shellcheck shell=sh
check() {
    if [ -z "$NETWORK_PORTS" ]; then network_unplanned && return 0; fi
    # What the node uses in place of the platform's is there.
    [ "$(network_writer)" != "$NETWORK_WRITER" ]
}

run() {
    [ "$NETWORK_WRITER" != ifupdown ] || made_by_step /etc/network
    [ "$NETWORK_WRITER" != netplan ] || made_by_step "$NETPLAN_D"
    pkg_install
}

undo() { undo_all; }
