# shellcheck shell=sh
identity_login() { identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"; }

wanted() {
    identity_login
    user_ensure glance "$GLANCE_PASSWORD"
    grant_ensure glance service admin
    grant_ensure glance service service
    service_ensure glance image 'OpenStack Image'
    endpoint_ensure image "http://${IMAGE_NAME:-$CONTROLLER_NAME}:9292"
}

check() { wanted && identity_good 2>/dev/null; }

run() { wanted; identity_apply; }

undo() { undo_all; }
