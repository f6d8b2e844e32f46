# shellcheck shell=sh
identity_login() { identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"; }

wanted() {
    identity_login
    user_ensure placement "$PLACEMENT_PASSWORD"
    grant_ensure placement service admin
    grant_ensure placement service service
    service_ensure placement placement 'Placement API'
    endpoint_ensure placement "http://$CONTROLLER_NAME:8778"
}

check() { wanted && identity_good 2>/dev/null; }

run() { wanted; identity_apply; }

undo() { undo_all; }
