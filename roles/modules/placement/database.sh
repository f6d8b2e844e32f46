# shellcheck shell=sh
check() { [ -z "$OWN" ] || database_good placement placement "$PLACEMENT_DB_PASSWORD"; }

run() { [ -z "$OWN" ] || database_ensure placement placement "$PLACEMENT_DB_PASSWORD"; }

undo() { undo_all; }
