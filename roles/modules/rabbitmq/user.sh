# shellcheck shell=sh
# A user of our own: `guest` works from the node itself only, and its password is known to everybody.
logs_in() { printf '%s\n%s\n%s\n' "$NODE_ADDRESS" "$1" "$2" | python3 "$CPMG_FILES/amqp_login.py"; }

check() { logs_in "$RABBIT_USER" "$RABBIT_PASSWORD" 2>/dev/null; }

run() {
    rabbit_user_ensure "$RABBIT_USER" "$RABBIT_PASSWORD"
    logs_in "$RABBIT_USER" "$RABBIT_PASSWORD" || fail "RabbitMQ does not let its own user $RABBIT_USER in (see above)"
    say "RabbitMQ on $NODE_ADDRESS lets $RABBIT_USER in"
    if rabbitmqctl -q list_users --no-table-headers | cut -f 1 | grep -qx guest; then
        undo_on guest_back
        rabbitmqctl -q delete_user guest
        say "deleted RabbitMQ user guest"
        mark_changed
    fi
}

guest_back() {
    say "creating RabbitMQ user guest, as the package has it"
    printf 'guest\n' | rabbitmqctl add_user guest >/dev/null
    rabbitmqctl -q set_user_tags guest administrator
    rabbitmqctl -q set_permissions -p / guest '.*' '.*' '.*'
}

undo() { undo_all; }
