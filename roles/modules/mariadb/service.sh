# shellcheck shell=sh
check() { services_good "$SERVICES" && port_open 3306; }

run() {
    service_enable "$SERVICES"
    wait_port 3306
    must_run "$SERVICES"
    say "MariaDB $(printf 'SELECT VERSION();\n' | _sql) listens on $(printf 'SELECT @@bind_address;\n' | _sql)"
}

undo() { undo_all; }
