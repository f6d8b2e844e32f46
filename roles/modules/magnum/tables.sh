# shellcheck shell=sh
check() { database_migrated magnum "$MIGRATIONS"; }

run() {
    database_save magnum
    say "filling the database"
    run_quietly magnum magnum-db-manage upgrade
    restart_needed
    mark_changed
}

undo() { undo_all; }
