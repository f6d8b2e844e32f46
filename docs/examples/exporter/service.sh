# shellcheck shell=sh
check() { services_good "$SERVICES" && port_open "$PORT"; }

run() {
    service_enable "$SERVICES"
    wait_port "$PORT"
    must_run "$SERVICES"
}

undo() { undo_all; }
