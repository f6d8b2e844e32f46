# shellcheck shell=sh
identity_login() { identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"; }

wanted() {
    identity_login
    user_ensure nova "$NOVA_PASSWORD"
    grant_ensure nova service admin
    grant_ensure nova service service
    service_ensure nova compute 'OpenStack Compute'
    endpoint_ensure compute "http://$CONTROLLER_NAME:8774$API_PATH"
}

check() { wanted && identity_good 2>/dev/null; }

run() { wanted; identity_apply; }

undo() { undo_all; }
