# shellcheck shell=sh disable=SC2034 # CPMG_CHECKED is for the library
check() {
    if [ -z "$NETWORK_PORTS" ]; then network_unplanned && return 0; fi
    # What the node uses in place of the platform's is there.
    [ "$(network_writer)" = "$NETWORK_WRITER" ] || return 0
    CPMG_CHECKED=no # this was not looked at: packages are all there is, and a dry run asks for them
    return 1
}

run() {
    [ "$NETWORK_WRITER" != ifupdown ] || made_by_step /etc/network
    [ "$NETWORK_WRITER" != netplan ] || made_by_step "$NETPLAN_D"
    pkg_install
}

undo() { undo_all; }
