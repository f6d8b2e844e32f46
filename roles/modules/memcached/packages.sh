# shellcheck shell=sh
run() {
    # shellcheck disable=SC2086 # names
    pkg_install $PACKAGES
}

undo() { undo_all; }
