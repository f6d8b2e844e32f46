# shellcheck shell=sh
run() {
    made_by_step /etc/heat /var/lib/heat /var/log/heat /var/cache/heat
    pkg_install
}

undo() { undo_all; }
