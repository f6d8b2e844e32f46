# shellcheck shell=sh
run() {
    made_by_step /etc/keystone /var/lib/keystone /var/log/keystone /var/cache/keystone
    pkg_install
}

undo() { undo_all; }
