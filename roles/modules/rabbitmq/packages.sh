# shellcheck shell=sh
run() {
    made_by_step /var/lib/rabbitmq /var/log/rabbitmq /etc/rabbitmq
    pkg_install
}

undo() { undo_all; }
