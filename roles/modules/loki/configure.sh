# shellcheck shell=sh
first() { [ "$NODE_ADDRESS" = "$CONTROLLER_ADDRESS" ]; }

files() {
    first || return 0
    file_install "$CPMG_FILES/loki.yaml" /etc/loki/loki.yaml 0640 root:loki
    file_install "$CPMG_FILES/loki.service" "/etc/systemd/system/$SERVICES.service"
}

run() {
    files
    first || return 0
    for file in $LOKI_TLS_CERT $LOKI_TLS_KEY; do
        run_as loki test -r "$file" || fail "$file is not there on $NODE_NAME, or the user loki may not read it"
    done
    run_quietly loki "$LOKI_BINARY" -config.file=/etc/loki/loki.yaml -verify-config
    systemctl daemon-reload
}

undo() {
    undo_all
    systemctl daemon-reload
}
