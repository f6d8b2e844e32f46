# shellcheck shell=sh
run() {
    made_by_step /etc/octavia /var/lib/octavia /var/log/octavia /var/cache/octavia
    pkg_install
}

undo() { undo_all; }
