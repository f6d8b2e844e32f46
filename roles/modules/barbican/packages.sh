# shellcheck shell=sh
run() {
    made_by_step /etc/barbican /var/lib/barbican /var/log/barbican /var/cache/barbican
    pkg_install
}

undo() { undo_all; }
