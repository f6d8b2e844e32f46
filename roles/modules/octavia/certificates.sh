# shellcheck shell=sh
# Two authorities: one signs the certificates of amphorae, the other the one by which Octavia shows itself to them. The guide
# (seed 004 line 4401) downloads a script with a passphrase that everybody knows; this makes the same files. What is there stays.
check() {
    for file in server_ca.cert.pem server_ca-chain.cert.pem client_ca.cert.pem private/server_ca.key.pem private/client.cert-and-key.pem; do
        [ -s "$CERTS/$file" ] || return 1
    done
}

made=$CPMG_ATTEMPT/made

authority() { # NAME PASSPHRASE FILE: NAME.cert.pem and NAME.key.pem
    openssl req -x509 -newkey rsa:4096 -sha256 -days 3650 -subj "/CN=Octavia $1 of $CONTROLLER_NAME" -passout "file:$2" \
        -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign \
        -keyout "$made/$1.key.pem" -out "$made/$1.cert.pem" >"$CPMG_ATTEMPT/said" 2>&1 </dev/null || { cat "$CPMG_ATTEMPT/said"; fail "openssl could not make a certificate (see above)"; }
}

run() {
    umask 077
    passphrase=$(secret_file "$OCTAVIA_CA_PASSPHRASE")
    made_by_step "$CERTS"
    mkdir -p "$made" "$CERTS/private"
    say "making the authorities of amphorae and of Octavia"
    authority server_ca "$passphrase"
    authority client_ca "$passphrase"
    openssl req -new -newkey rsa:2048 -nodes -subj "/CN=Octavia of $CONTROLLER_NAME" -keyout "$made/client.key.pem" -out "$made/client.csr" >"$CPMG_ATTEMPT/said" 2>&1 </dev/null
    printf 'extendedKeyUsage=clientAuth\n' >"$made/extensions"
    openssl x509 -req -sha256 -days 3650 -in "$made/client.csr" -CA "$made/client_ca.cert.pem" -CAkey "$made/client_ca.key.pem" -passin "file:$passphrase" -CAcreateserial \
        -extfile "$made/extensions" -out "$made/client.cert.pem" >"$CPMG_ATTEMPT/said" 2>&1 </dev/null || { cat "$CPMG_ATTEMPT/said"; fail "openssl could not sign a certificate (see above)"; }
    cp "$made/server_ca.cert.pem" "$made/client_ca.cert.pem" "$CERTS/"
    cp "$made/server_ca.cert.pem" "$CERTS/server_ca-chain.cert.pem"
    cp "$made/server_ca.key.pem" "$CERTS/private/"
    cat "$made/client.cert.pem" "$made/client.key.pem" >"$CERTS/private/client.cert-and-key.pem"
    rm -rf "$made"
    chown -R octavia:octavia "$CERTS"
    chmod 0755 "$CERTS" && chmod 0644 "$CERTS"/*.pem
    chmod 0700 "$CERTS/private" && chmod 0600 "$CERTS/private"/*.pem
    restart_needed
    mark_changed
}

undo() { undo_all; }
