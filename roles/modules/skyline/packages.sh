# shellcheck shell=sh
run() {
    made_by_step /etc/skyline /var/log/skyline /etc/nginx
    pkg_install
}

undo() { undo_all; }
