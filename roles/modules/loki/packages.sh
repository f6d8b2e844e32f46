# shellcheck shell=sh
run() { pkg_install; }

undo() { undo_all; }
