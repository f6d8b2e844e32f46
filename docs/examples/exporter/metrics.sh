# shellcheck shell=sh
# The proof: the page as a collector asks for it, and what the node says of itself in it.
run() {
    page=$(python3 -c '
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=30).read().decode())
' "http://$NODE_ADDRESS:$PORT/metrics") || fail "nothing answers on $NODE_ADDRESS:$PORT (see above). Look at: journalctl -u $SERVICES"
    name=$(printf '%s\n' "$page" | sed -n 's/^node_uname_info{.*nodename="\([^"]*\)".*/\1/p')
    [ "$name" = "$NODE_NAME" ] || fail "the page is of ${name:-nobody}, not of $NODE_NAME"
    say "$(printf '%s\n' "$page" | grep -c '^node_') figures of $name"
}

undo() { :; }
