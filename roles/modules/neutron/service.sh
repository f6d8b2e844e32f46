# shellcheck shell=sh disable=SC2046,SC2086 # lists of services
# Nova's API reads who Neutron is when it starts. On a node that is a compute node as well its agent is restarted here, too: what was
# changed is remembered for one start only.
units() {
    for unit in $SERVICES; do is_idle "$unit" || printf '%s ' "$unit"; done
    printf '%s ' $AGENT_SERVICES $NOVA_API_SERVICE
    case " $NODE_ROLES " in *' compute '*) printf '%s ' $NOVA_COMPUTE_SERVICE ;; esac
}

# Without self-service networks there are no routers to look after.
is_idle() { [ -z "$SELF_SERVICE" ] && case " $ROUTER_SERVICES " in *" $1 "*) true ;; *) false ;; esac; }
idle() { # those that still run, or would after a start of the node
    for unit in $SERVICES; do
        is_idle "$unit" || continue
        [ "$(systemctl is-enabled "$unit" 2>/dev/null)" != enabled ] && [ "$(_unit "$unit" ActiveState)" != active ] || printf '%s\n' "$unit"
    done
}

check() { services_good $(units) && port_open 9696 && [ -z "$(idle)" ]; }

run() {
    service_brings $AGENT_BRINGS
    service_enable $(units)
    for unit in $(idle); do
        service_brings "$unit"
        say "stopping $unit: there are no self-service networks"
        systemctl -q disable --now "$unit"
        mark_changed
    done
    wait_port 9696
    must_run $(units)
}

undo() { undo_all; }
