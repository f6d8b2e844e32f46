# shellcheck shell=sh
check() { database_good heat heat "$HEAT_DB_PASSWORD"; }

run() {
    database_password_plain HEAT_DB_PASSWORD "$HEAT_DB_PASSWORD"
    database_ensure heat heat "$HEAT_DB_PASSWORD"
}

undo() { undo_all; }
