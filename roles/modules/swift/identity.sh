# shellcheck shell=sh
identity_login() { identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"; }

wanted() {
    identity_login
    user_ensure swift "$SWIFT_PASSWORD"
    grant_ensure swift service admin
    grant_ensure swift service service
    service_ensure swift object-store 'OpenStack Object Storage'
    endpoint_ensure object-store "http://$CONTROLLER_NAME:8080/v1/AUTH_%(project_id)s" "http://$CONTROLLER_NAME:8080/v1"
}

check() { wanted && identity_good 2>/dev/null; }
run() { wanted; identity_apply; }
undo() { undo_all; }
