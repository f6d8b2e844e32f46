# shellcheck shell=sh
check() { [ -z "$OWN" ] || database_migrated placement "$MIGRATIONS"; }

run() {
    [ -n "$OWN" ] || return 0
    database_save placement
    say "filling the database"
    run_quietly placement placement-manage db sync
    restart_needed
    mark_changed
}

undo() { undo_all; }
