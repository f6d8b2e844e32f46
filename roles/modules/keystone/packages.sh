# shellcheck shell=sh
run() {
    made_by_step /etc/keystone /var/lib/keystone /var/log/keystone /var/cache/keystone
    # shellcheck disable=SC2086 # names
    pkg_install $PACKAGES
}

undo() { undo_all; }
