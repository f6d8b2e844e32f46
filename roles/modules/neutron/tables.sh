# shellcheck shell=sh
check() { database_migrated neutron "$MIGRATIONS"; }

run() {
    database_save neutron
    say "filling the database"
    run_quietly neutron neutron-db-manage --config-file "$CONF" --config-file "$ML2_CONF" upgrade heads
    restart_needed
    mark_changed
}

undo() { undo_all; }
