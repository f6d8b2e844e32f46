# shellcheck shell=sh
run() {
    made_by_step /etc/nova /var/lib/nova /var/log/nova /var/cache/nova
    pkg_install
}

undo() { undo_all; }
