# shellcheck shell=sh
check() { database_migrated barbican "$MIGRATIONS"; }

run() {
    database_save barbican
    say "filling the database"
    run_quietly barbican barbican-manage db upgrade
    restart_needed
    mark_changed
}

undo() { undo_all; }
