# shellcheck shell=sh
check() { database_good neutron neutron "$NEUTRON_DB_PASSWORD"; }

run() {
    database_password_plain NEUTRON_DB_PASSWORD "$NEUTRON_DB_PASSWORD"
    database_ensure neutron neutron "$NEUTRON_DB_PASSWORD"
}

undo() { undo_all; }
