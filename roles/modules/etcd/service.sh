# shellcheck shell=sh
check() { services_good "$SERVICES" && port_open 2379; }

run() {
    service_enable "$SERVICES"
    wait_port 2379
    must_run "$SERVICES"
}

undo() { undo_all; }
