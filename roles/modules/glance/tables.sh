# shellcheck shell=sh
check() { database_migrated glance "$MIGRATIONS"; }

run() {
    database_save glance
    say "filling the database"
    run_quietly glance glance-manage db_sync
    restart_needed
    mark_changed
}

undo() { undo_all; }
