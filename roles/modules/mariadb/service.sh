# shellcheck shell=sh
check() { services_good "$SERVICES" && port_open 3306 && [ -z "$SECURE" ]; }

# What mysql_secure_installation does besides its questions; older packages let everybody in as nobody. Undo removes the
# database server anyway.
secure() {
    printf '%s\n' "DELETE FROM mysql.user WHERE User = '';" "DROP DATABASE IF EXISTS test;" \
        "DELETE FROM mysql.db WHERE Db LIKE 'test%';" "FLUSH PRIVILEGES;" | _sql
}

run() {
    service_enable "$SERVICES"
    wait_port 3306
    must_run "$SERVICES"
    [ -z "$SECURE" ] || secure
    say "MariaDB $(printf 'SELECT VERSION();\n' | _sql) listens on $(printf 'SELECT @@bind_address;\n' | _sql)"
}

undo() { undo_all; }
