# shellcheck shell=sh disable=SC2086 # lists of services
# Nova's agent reads who Neutron is when it starts.
check() { services_good $AGENT_SERVICES $NOVA_COMPUTE_SERVICE; }

run() {
    service_brings $AGENT_BRINGS
    service_enable $AGENT_SERVICES $NOVA_COMPUTE_SERVICE
    must_run $AGENT_SERVICES $NOVA_COMPUTE_SERVICE
}

undo() { undo_all; }
