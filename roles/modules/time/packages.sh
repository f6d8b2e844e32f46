# shellcheck shell=sh
run() {
    made_by_step /var/lib/chrony /var/log/chrony /etc/chrony
    pkg_install
}

undo() { undo_all; }
