# shellcheck shell=sh disable=SC2086 # a list of units
check() { services_good $SERVICES && port_open 8004 && port_open 8000; }

run() {
    service_enable $SERVICES
    wait_port 8004 120
    wait_port 8000 120
    must_run $SERVICES
}

undo() { undo_all; }
