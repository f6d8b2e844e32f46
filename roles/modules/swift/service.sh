# shellcheck shell=sh disable=SC2046,SC2086 # lists of units
units() { # what runs on this node
    printf '%s\n' "$RSYNC_SERVICE"
    ! holds_data || printf '%s\n' $SERVICES
    case " $NODE_ROLES " in *' controller '*) printf '%s\n' "$PROXY_SERVICE" ;; esac
}
ports() {
    printf '873\n'
    ! holds_data || printf '6200\n6201\n6202\n'
    case " $NODE_ROLES " in *' controller '*) printf '8080\n' ;; esac
}

check() {
    services_good $(units) || return 1
    for port in $(ports); do port_open "$port" || return 1; done
}

run() {
    service_enable $(units)
    for port in $(ports); do wait_port "$port" 120; done
    must_run $(units)
}

undo() { undo_all; }
