# shellcheck shell=sh disable=SC2086 # a list of services
check() { services_good $SERVICES && port_open 8774 && port_open 8775 && port_open 6080; }

run() {
    service_enable $SERVICES
    for port in 8774 8775 6080; do wait_port "$port"; done
    must_run $SERVICES
}

undo() { undo_all; }
