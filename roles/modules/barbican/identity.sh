# shellcheck shell=sh
identity_login() { identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"; }

wanted() {
    identity_login
    user_ensure barbican "$BARBICAN_PASSWORD"
    role_ensure creator # who has it may store secrets
    grant_ensure barbican service admin
    grant_ensure barbican service service
    grant_ensure barbican service creator
    service_ensure barbican key-manager 'Key Manager'
    endpoint_ensure key-manager "http://$CONTROLLER_NAME:9311"
}

check() { wanted && identity_good 2>/dev/null; }
run() { wanted; identity_apply; }
undo() { undo_all; }
