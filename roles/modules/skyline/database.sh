# shellcheck shell=sh
check() { database_good skyline skyline "$SKYLINE_DB_PASSWORD"; }

run() {
    database_password_plain SKYLINE_DB_PASSWORD "$SKYLINE_DB_PASSWORD"
    database_ensure skyline skyline "$SKYLINE_DB_PASSWORD"
}

undo() { undo_all; }
