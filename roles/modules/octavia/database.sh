# shellcheck shell=sh
check() { database_good octavia octavia "$OCTAVIA_DB_PASSWORD"; }

run() {
    database_password_plain OCTAVIA_DB_PASSWORD "$OCTAVIA_DB_PASSWORD"
    database_ensure octavia octavia "$OCTAVIA_DB_PASSWORD"
}

undo() { undo_all; }
