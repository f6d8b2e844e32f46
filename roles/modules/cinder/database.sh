# shellcheck shell=sh
check() { database_good cinder cinder "$CINDER_DB_PASSWORD"; }

run() {
    database_password_plain CINDER_DB_PASSWORD "$CINDER_DB_PASSWORD"
    database_ensure cinder cinder "$CINDER_DB_PASSWORD"
}

undo() { undo_all; }
