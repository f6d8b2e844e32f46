# shellcheck shell=sh
check() { services_good "$SERVICES"; }

run() {
    service_enable "$SERVICES"
    must_run "$SERVICES"
}

undo() { undo_all; }
