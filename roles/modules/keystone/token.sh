# shellcheck shell=sh
# The proof: a token with the administrator's password, over the network, as a client gets it.
run() {
    identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"
    identity_apply || fail "Keystone on $CONTROLLER_ADDRESS gives no token (see above). Look at $LOG there"
}

undo() { :; }
