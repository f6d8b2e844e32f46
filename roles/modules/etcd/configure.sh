# shellcheck shell=sh disable=SC2016 # an awk program
# etcd is told by environment variables. It asks nobody for a password, so it listens on the management address only.
files() {
    file_edit "$CONF" awk -v name="$NODE_NAME" -v address="$NODE_ADDRESS" -v data="$DATA" '
        function put(key, value) { order[++n] = key; want[key] = key "=\"" value "\"" }
        BEGIN {
            put("ETCD_NAME", name)
            put("ETCD_DATA_DIR", data)
            put("ETCD_INITIAL_CLUSTER_STATE", "new")
            put("ETCD_INITIAL_CLUSTER_TOKEN", "etcd-cluster-01")
            put("ETCD_INITIAL_CLUSTER", name "=http://" address ":2380")
            put("ETCD_INITIAL_ADVERTISE_PEER_URLS", "http://" address ":2380")
            put("ETCD_ADVERTISE_CLIENT_URLS", "http://" address ":2379")
            put("ETCD_LISTEN_PEER_URLS", "http://" address ":2380")
            put("ETCD_LISTEN_CLIENT_URLS", "http://" address ":2379")
        }
        { key = $0; sub(/=.*/, "", key); if (key in want) { if (!done[key]++) print want[key]; next } print }
        END { for (i = 1; i <= n; i++) if (!done[order[i]]) print want[order[i]] }'
}

run() { files; }

undo() {
    undo_all
    service_try_restart "$SERVICES"
}
