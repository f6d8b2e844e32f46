# shellcheck shell=sh
# Begun over a connection of its own (reconnect in module.toml): that it runs at all is the proof that the node can be reached.
check() {
    if [ -z "$NETWORK_PORTS" ]; then network_unplanned && return 0; fi
    [ ! -e "$NETWORK_STATE/armed" ] && [ ! -e "$NETWORK_STATE/reverting" ] && [ ! -e "$NETWORK_STATE/reverted" ] && network_good
}

run() {
    network_await
    network_told
    network_new_connection || fail "this step came over a connection that is older than the change, which proves nothing: the change is taken back"
    network_good || fail "the network is not as planned (see above): the change is taken back"
    # The timer may have been quicker.
    network_disarm || { network_await; network_told; fail "nothing is waiting to be confirmed, and the network is not as planned: install again"; }
    rm -rf "$NETWORK_STATE"
    say "confirmed: $NODE_NAME was reached over a new connection, its network stays"
}

undo() { say "nothing to undo: the step before put the addresses in place"; }
