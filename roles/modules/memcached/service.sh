# shellcheck shell=sh
check() { services_good "$SERVICES" && port_open 11211; }

run() {
    service_enable "$SERVICES"
    wait_port 11211
    must_run "$SERVICES"
}

undo() { undo_all; }
