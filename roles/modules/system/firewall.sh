# shellcheck shell=sh
check() {
    for unit in $STOPPED; do
        [ "$(_unit "$unit" ActiveState)" != active ] && [ "$(systemctl is-enabled "$unit" 2>/dev/null)" != enabled ] || return 1
    done
}

run() {
    for unit in $STOPPED; do
        enabled=$(systemctl is-enabled "$unit" 2>/dev/null) || :
        active=$(_unit "$unit" ActiveState)
        undo_on start_again "$unit" "${enabled:-unknown}" "${active:-unknown}"
        say "stopping $unit"
        systemctl disable "$unit" # not -q --now: systemd 219 of CentOS 7 knows less
        systemctl stop "$unit"
        mark_changed
    done
}

start_again() { # UNIT ENABLED ACTIVE
    if [ "$2" = enabled ]; then systemctl enable "$1"; fi
    if [ "$3" = active ]; then systemctl start "$1"; fi
}

undo() { undo_all; }
