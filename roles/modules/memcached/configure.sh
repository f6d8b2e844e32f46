# shellcheck shell=sh
# On the management address for the other services, on loopback for those of this node; nowhere else: memcached asks nobody
# for a password.
files() {
    case $CONF in */sysconfig/*)
        file_edit "$CONF" awk -v listen="OPTIONS=\"-l 127.0.0.1,$NODE_ADDRESS\"" -v memory="CACHESIZE=\"$CACHE_MB\"" '
            /^OPTIONS=/ { if (!l++) print listen; next }
            /^CACHESIZE=/ { if (!m++) print memory; next }
            { print }
            END { if (!l) print listen; if (!m) print memory }'
        return 0 ;;
    esac
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
