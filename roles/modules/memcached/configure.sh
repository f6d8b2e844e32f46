# shellcheck shell=sh
# On the management address for the other services, on loopback for those of this node; nowhere else: memcached asks nobody
# for a password.
files() {
    file_edit "$CONF" awk -v listen="-l 127.0.0.1,$NODE_ADDRESS" -v memory="-m $CACHE_MB" '
        /^-l[ \t]/ { if (!l++) print listen; next }
        /^-m[ \t]/ { if (!m++) print memory; next }
        { print }
        END { if (!l) print listen; if (!m) print memory }'
}

run() { files; }

undo() {
    undo_all
    service_try_restart "$SERVICES"
}
