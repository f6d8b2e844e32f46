# shellcheck shell=sh
check() { database_good magnum magnum "$MAGNUM_DB_PASSWORD"; }

run() {
    database_password_plain MAGNUM_DB_PASSWORD "$MAGNUM_DB_PASSWORD"
    database_ensure magnum magnum "$MAGNUM_DB_PASSWORD"
}

undo() { undo_all; }
