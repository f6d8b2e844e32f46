# shellcheck shell=sh disable=SC2016,SC2154 # texts with $ and backquotes are meant; variables come from other parts of the library
# Part of the library of steps: systemd.

# ---------------------------------------------------------------- services (systemd)

_unit() { systemctl show -p "$2" --value "$1" 2>/dev/null; } # UNIT PROPERTY

restart_needed() { # the module's services have to read their configuration again; service_enable sees to it
    _changes "have services restarted" || return 0
    mkdir -p "${CPMG_SAVED%/*}" && : >"${CPMG_SAVED%/*}/restart"
}

service_brings() { # UNIT...: starts as a consequence of this step's service_enable; undo puts it back as it is now
    _never "start $*"
    for _name; do
        _enabled=$(systemctl is-enabled "$_name" 2>/dev/null) || :
        _active=$(_unit "$_name" ActiveState)
        _noted "service $_name" || _note service "$_name" "${_enabled:-unknown}" "$_active"
    done
}

service_enable() { # UNIT...: enabled and running; restarted if a step of this module changed a file since
    for _name; do
        [ "$(_unit "$_name" LoadState)" != not-found ] || fail "there is no unit $_name: is its package installed?"
        service_brings "$_name"
        if [ "$_enabled" = disabled ]; then systemctl -q enable "$_name"; mark_changed; fi
        if [ "$_active" != active ]; then
            say "starting $_name"
            systemctl reset-failed "$_name" 2>/dev/null || :
            systemctl start "$_name" || { _unit_report "$_name"; fail "$_name does not start"; }
            mark_changed
        elif [ -e "${CPMG_SAVED%/*}/restart" ]; then
            say "restarting $_name"
            systemctl restart "$_name" || { _unit_report "$_name"; fail "$_name does not start again"; }
            mark_changed
        fi
    done
    rm -f "${CPMG_SAVED%/*}/restart"
}

# A unit that the step itself writes and that does something once (RemainAfterExit). Not service_enable: that takes away the module's mark
# for a restart, which is for its services.
unit_stale() { (umask 077 && mkdir -p "$CPMG_SAVED") && : >"$CPMG_SAVED/stale"; } # its file is about to change: unit_enable starts it again

unit_good() { # UNIT: for check: nothing to do for unit_enable
    [ ! -e "$CPMG_SAVED/stale" ] && systemctl -q is-enabled "$1" 2>/dev/null && systemctl -q is-active "$1"
}

unit_enable() { # UNIT: enabled and active, with its file as it is now
    service_brings "$1"
    if [ "$_enabled" != enabled ]; then systemctl -q enable "$1"; mark_changed; fi
    if [ "$_active" != active ] || [ -e "$CPMG_SAVED/stale" ]; then
        say "starting $1"
        systemctl restart "$1" || { _unit_report "$1"; fail "$1 does not start"; }
        mark_changed
    fi
    rm -f "$CPMG_SAVED/stale"
}

_undo_service() { # UNIT ENABLED ACTIVE
    [ "$(_unit "$1" LoadState)" != not-found ] || return 0
    if [ "$3" = active ]; then systemctl start "$1"; else say "stopping $1"; systemctl stop "$1"; fi
    if [ "$2" = disabled ]; then systemctl -q disable "$1"; fi
    systemctl reset-failed "$1" 2>/dev/null || :
}

service_try_restart() { _never "restart $*"; systemctl try-restart "$@" 2>/dev/null || :; } # UNIT...: those that run; for undo, after files are restored

_unit_report() { journalctl -q --no-pager -n 25 -u "$1" 2>/dev/null || systemctl --no-pager status "$1" || :; }

_steady() { # UNIT: active, and has been for ten seconds
    [ "$(_unit "$1" ActiveState)" = active ] || return 1
    awk -v since="$(_unit "$1" ActiveEnterTimestampMonotonic)" '{ up = $1 - since / 1000000; exit !(up >= 10) }' /proc/uptime
}

services_good() { # UNIT...: for check: nothing to do for service_enable and must_run
    [ ! -e "${CPMG_SAVED%/*}/restart" ] || return 1
    [ "$ACTION" != check ] || [ ! -e "$CPMG_JOB/would-restart/${STEP%%/*}" ] || return 1
    for _name; do [ "$(systemctl is-enabled "$_name" 2>/dev/null)" != disabled ] && _steady "$_name" || return 1; done
}

must_run() { # UNIT...: fails unless all stay active for ten seconds: a service may end, even with status 0, soon after its start
    _seconds=0 _pids='' _count=0
    while [ "$_count" -lt 10 ]; do
        _now='' _all=yes
        for _name; do
            ! _steady "$_name" || { _now="$_now steady"; continue; }
            _all=no
            [ "$(_unit "$_name" ActiveState)" = active ] || { _unit_report "$_name"; fail "$_name is $(_unit "$_name" ActiveState) $_seconds s after its start; its log is above"; }
            _now="$_now $(_unit "$_name" MainPID)/$(_unit "$_name" NRestarts)"
        done
        [ "$_all" = no ] || return 0
        if [ "$_now" = "$_pids" ]; then _count=$((_count + 1)); else _count=0; fi
        _pids=$_now _seconds=$((_seconds + 1))
        [ "$_seconds" -lt 60 ] || { for _name; do _unit_report "$_name"; done; fail "$* start again and again; the log is above"; }
        sleep 1
    done
}

port_open() { awk -v port="$(printf '%04X' "$1")" '$4 == "0A" && $2 ~ ":" port "$" { found = 1 } END { exit !found }' /proc/net/tcp* 2>/dev/null; }

wait_port() { # PORT [SECONDS]: until something on this node listens there
    wait_for "${2:-90}" port_open "$1" || fail "nothing listens on port $1 of $NODE_NAME after ${2:-90} s"
}
