# shellcheck shell=sh disable=SC2086 # a list of services
# A controller whose images another node serves keeps package and configuration: the database is looked after from here.
away() { [ -z "$IMAGES_HERE" ]; }
stopped() { for unit in $SERVICES; do [ "$(_unit "$unit" ActiveState)" != active ] && [ "$(systemctl is-enabled "$unit" 2>/dev/null)" != enabled ] || return 1; done; }

check() { if away; then [ -n "$IMAGES_FROM" ] || stopped; else services_good $SERVICES && port_open 9292; fi; }

run() {
    if away; then
        # While they move, the old node serves them till the end.
        [ -z "$IMAGES_FROM" ] || return 0
        service_brings $SERVICES
        say "$IMAGE_NAME serves images: stopping $SERVICES here"
        systemctl -q disable --now $SERVICES
        mark_changed
        return 0
    fi
    service_enable $SERVICES
    wait_port 9292
    must_run $SERVICES
}

undo() { undo_all; }
