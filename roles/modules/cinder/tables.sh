# shellcheck shell=sh
check() { database_migrated cinder "$MIGRATIONS"; }

run() {
    database_save cinder
    say "filling the database"
    run_quietly cinder cinder-manage db sync
    restart_needed
    mark_changed
}

undo() { undo_all; }
