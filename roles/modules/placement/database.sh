# shellcheck shell=sh
check() { database_good placement placement "$PLACEMENT_DB_PASSWORD"; }

run() { database_ensure placement placement "$PLACEMENT_DB_PASSWORD"; }

undo() { undo_all; }
