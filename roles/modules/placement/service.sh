# shellcheck shell=sh disable=SC2086 # a list of services
check() { services_good $SERVICES && port_open 8778; }

run() {
    service_enable $SERVICES
    wait_port 8778
    must_run $SERVICES
}

undo() { undo_all; }
