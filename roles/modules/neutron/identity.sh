# shellcheck shell=sh
identity_login() { identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"; }

wanted() {
    identity_login
    user_ensure neutron "$NEUTRON_PASSWORD"
    grant_ensure neutron service admin
    grant_ensure neutron service service
    service_ensure neutron network 'OpenStack Networking'
    endpoint_ensure network "http://$CONTROLLER_NAME:9696"
}

check() { wanted && identity_good 2>/dev/null; }

run() { wanted; identity_apply; }

undo() { undo_all; }
