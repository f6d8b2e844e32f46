# shellcheck shell=sh disable=SC2046,SC2086 # lists of services
# Nova's API reads who Neutron is when it starts. On a node that is a compute node as well its agent is restarted here, too: what was
# changed is remembered for one start only.
units() {
    printf '%s ' $SERVICES $AGENT_SERVICES $NOVA_API_SERVICE
    case " $NODE_ROLES " in *' compute '*) printf '%s ' $NOVA_COMPUTE_SERVICE ;; esac
}

check() { services_good $(units) && port_open 9696; }

run() {
    service_brings $AGENT_BRINGS
    service_enable $(units)
    wait_port 9696
    must_run $(units)
}

undo() { undo_all; }
