# shellcheck shell=sh
# The proof: a login by the form, as a browser does it, and the first page behind it.
run() {
    printf '%s\n' "http://$CONTROLLER_ADDRESS$WEBROOT" admin "$ADMIN_PASSWORD" | python3 "$CPMG_FILES/login.py" ||
        fail "Horizon does not let admin in (see above). Look at the web server's error log on $NODE_NAME"
}

undo() { :; }
