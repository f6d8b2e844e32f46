# shellcheck shell=sh
check() { database_migrated placement "$MIGRATIONS"; }

run() {
    database_save placement
    say "filling the database"
    run_quietly placement placement-manage db sync
    restart_needed
    mark_changed
}

undo() { undo_all; }
