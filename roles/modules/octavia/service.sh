# shellcheck shell=sh disable=SC2086 # a list of units
check() { services_good $SERVICES && port_open 9876; }

run() {
    service_enable $SERVICES
    wait_port 9876 120
    must_run $SERVICES
}

undo() { undo_all; }
