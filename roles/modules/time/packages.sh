# shellcheck shell=sh
run() {
    made_by_step /var/lib/chrony /var/log/chrony /etc/chrony
    # shellcheck disable=SC2086 # names
    pkg_install $PACKAGES
}

undo() { undo_all; }
