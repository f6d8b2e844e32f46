# shellcheck shell=sh
run() {
    made_by_step /var/lib/prometheus
    pkg_install
}

undo() { undo_all; }
