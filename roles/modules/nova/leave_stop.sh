# shellcheck shell=sh disable=SC2086 # a list of units
# Task "leave", on the node that leaves: its agent would put itself on record again.
run() {
    for unit in $COMPUTE_SERVICE; do
        [ "$(_unit "$unit" ActiveState)" = active ] || [ "$(systemctl is-enabled "$unit" 2>/dev/null)" = enabled ] || continue
        say "stopping $unit"
        systemctl -q disable --now "$unit"
        mark_changed
    done
}
