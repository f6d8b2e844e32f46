# shellcheck shell=sh
identity_login() { identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"; }

wanted() {
    identity_login
    user_ensure skyline "$SKYLINE_PASSWORD"
    grant_ensure skyline service admin
}

check() { wanted && identity_good 2>/dev/null; }
run() { wanted; identity_apply; }
undo() { undo_all; }
