# shellcheck shell=sh disable=SC2086 # a list of services
# Task "images", at last, on the node that had them. On a controller the files stay: with them the way back is short.
run() {
    for unit in $SERVICES; do
        [ "$(_unit "$unit" ActiveState)" = active ] || [ "$(systemctl is-enabled "$unit" 2>/dev/null)" = enabled ] || continue
        say "stopping $unit: $IMAGE_NAME serves images"
        systemctl -q disable --now "$unit"
        mark_changed
    done
    case " $NODE_ROLES " in
        *' controller '*) say "$(du -sm "$IMAGES" 2>/dev/null | awk '{ print $1 }') MB of images stay in $IMAGES for the way back; nobody reads them" ;;
    esac
}
