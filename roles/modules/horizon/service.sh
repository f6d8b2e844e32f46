# shellcheck shell=sh
check() { services_good "$SERVICES" && port_open 80; }

run() {
    service_enable "$SERVICES"
    wait_port 80
    must_run "$SERVICES"
}

undo() { undo_all; }
