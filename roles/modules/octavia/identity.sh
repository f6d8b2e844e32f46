# shellcheck shell=sh
identity_login() { identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"; }

wanted() {
    identity_login
    user_ensure octavia "$OCTAVIA_PASSWORD"
    grant_ensure octavia service admin
    grant_ensure octavia service service
    service_ensure octavia load-balancer 'OpenStack Octavia'
    endpoint_ensure load-balancer "http://$CONTROLLER_NAME:9876"
}

check() { wanted && identity_good 2>/dev/null; }
run() { wanted; identity_apply; }
undo() { undo_all; }
