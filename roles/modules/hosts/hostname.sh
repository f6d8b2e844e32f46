# shellcheck shell=sh
# The host name becomes part of what services store (RabbitMQ's data, Nova's and Neutron's agents): set once, first.
_set_now() { hostname "$1" 2>/dev/null || printf '%s\n' "$1" >/proc/sys/kernel/hostname; }

check() { [ "$(uname -n)" = "$NODE_NAME" ] && [ "$(cat /etc/hostname)" = "$NODE_NAME" ]; }

files() { printf '%s\n' "$NODE_NAME" | file_write /etc/hostname; }

run() {
    old=$(uname -n)
    if [ "$old" != "$NODE_NAME" ]; then
        for data in /var/lib/rabbitmq/mnesia/rabbit@* /var/lib/nova/instances/*; do
            [ ! -e "$data" ] || fail "the host name is $old and $data depends on it. Name this node $old in the environment, or reinstall it"
        done
        undo_on name_back "$old"
    fi
    files
    [ "$old" = "$NODE_NAME" ] || { _set_now "$NODE_NAME"; say "host name: $NODE_NAME, was $old"; mark_changed; }
}

name_back() { _set_now "$1"; say "host name: $1"; }

undo() { undo_all; }
