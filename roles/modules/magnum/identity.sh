# shellcheck shell=sh
# Besides its own user Magnum has a domain, in which it makes the users that clusters act as.
identity_login() { identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"; }

wanted() {
    identity_login
    user_ensure magnum "$MAGNUM_PASSWORD"
    grant_ensure magnum service admin
    grant_ensure magnum service service
    service_ensure magnum container-infra 'OpenStack Container Infrastructure Management Service'
    endpoint_ensure container-infra "http://$CONTROLLER_NAME:9511/v1"
    domain_ensure magnum
    domain_user_ensure magnum_domain_admin magnum "$MAGNUM_DOMAIN_PASSWORD"
    domain_grant_ensure magnum_domain_admin magnum admin
}

check() { wanted && identity_good 2>/dev/null; }
run() { wanted; identity_apply; }
undo() { undo_all; }
