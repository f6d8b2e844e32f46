# shellcheck shell=sh
run() {
    made_by_step /etc/magnum /var/lib/magnum /var/log/magnum /var/cache/magnum
    pkg_install
}

undo() { undo_all; }
