# shellcheck shell=sh
check() { database_good barbican barbican "$BARBICAN_DB_PASSWORD"; }

run() {
    database_password_plain BARBICAN_DB_PASSWORD "$BARBICAN_DB_PASSWORD"
    database_ensure barbican barbican "$BARBICAN_DB_PASSWORD"
}

undo() { undo_all; }
