# shellcheck shell=sh
run() {
    made_by_step /etc/glance /var/lib/glance /var/log/glance /var/cache/glance
    pkg_install
}

undo() { undo_all; }
