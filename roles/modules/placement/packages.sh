# shellcheck shell=sh
run() {
    made_by_step /etc/placement /var/lib/placement /var/log/placement /var/cache/placement
    pkg_install
}

undo() { undo_all; }
