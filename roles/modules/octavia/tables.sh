# shellcheck shell=sh
check() { database_migrated octavia "$MIGRATIONS"; }

run() {
    database_save octavia
    say "filling the database"
    run_quietly octavia octavia-db-manage --config-file "$CONF" upgrade head
    restart_needed
    mark_changed
}

undo() { undo_all; }
