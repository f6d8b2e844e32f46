# shellcheck shell=sh
check() { database_good glance glance "$GLANCE_DB_PASSWORD"; }

run() { database_ensure glance glance "$GLANCE_DB_PASSWORD"; }

undo() { undo_all; }
