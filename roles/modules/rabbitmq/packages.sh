# shellcheck shell=sh
run() {
    made_by_step /var/lib/rabbitmq /var/log/rabbitmq /etc/rabbitmq
    # shellcheck disable=SC2086 # names
    pkg_install $PACKAGES
}

undo() { undo_all; }
