# shellcheck shell=sh
check() { services_good "$SERVICES" && _listening 5672; }

run() {
    service_enable "$SERVICES"
    wait_port 5672 180
    must_run "$SERVICES"
}

undo() { undo_all; }
