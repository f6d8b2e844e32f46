# shellcheck shell=sh
run() { database_ensure keystone keystone "$KEYSTONE_DB_PASSWORD"; }

undo() { undo_all; }
