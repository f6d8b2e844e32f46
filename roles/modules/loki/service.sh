# shellcheck shell=sh
first() { [ "$NODE_ADDRESS" = "$CONTROLLER_ADDRESS" ]; }

check() { ! first || { services_good "$SERVICES" && port_open "$LOKI_PORT"; }; }

run() {
    first || return 0
    service_enable "$SERVICES"
    wait_port "$LOKI_PORT" "$READY_SECONDS"
    must_run "$SERVICES"
}

undo() { undo_all; }
