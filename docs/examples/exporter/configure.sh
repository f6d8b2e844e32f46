# shellcheck shell=sh
# On the node's own address: whoever reaches it may read the figures. The rest of the package's file stays.
ARGS="--web.listen-address=$NODE_ADDRESS:$PORT"
for collector in $(printf '%s' "$LEFT_OUT" | tr ',' ' '); do ARGS="$ARGS --no-collector.$collector"; done

files() {
    file_edit "$CONF" awk -v line="ARGS=\"$ARGS\"" '
        /^ARGS=/ { if (!n++) print line; next }
        { print }
        END { if (!n) print line }'
}

run() { files; }

undo() {
    undo_all
    service_try_restart "$SERVICES"
}
