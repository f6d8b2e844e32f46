# shellcheck shell=sh
check() { services_good "$SERVICES" && port_open 5672; }

run() {
    service_brings epmd.service epmd.socket
    service_enable "$SERVICES"
    wait_port 5672 180
    must_run "$SERVICES"
}

undo() { undo_all; }
