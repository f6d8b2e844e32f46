# shellcheck shell=sh
# Besides its own user Heat has a domain, in which it makes the users that resources of stacks act as.
identity_login() { identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"; }

wanted() {
    identity_login
    user_ensure heat "$HEAT_PASSWORD"
    grant_ensure heat service admin
    grant_ensure heat service service
    service_ensure heat orchestration Orchestration
    service_ensure heat-cfn cloudformation Orchestration
    endpoint_ensure orchestration "http://$CONTROLLER_NAME:8004/v1/%(tenant_id)s"
    endpoint_ensure cloudformation "http://$CONTROLLER_NAME:8000/v1"
    domain_ensure heat
    domain_user_ensure heat_domain_admin heat "$HEAT_DOMAIN_PASSWORD"
    domain_grant_ensure heat_domain_admin heat admin
    role_ensure heat_stack_owner
    role_ensure heat_stack_user
}

check() { wanted && identity_good 2>/dev/null; }
run() { wanted; identity_apply; }
undo() { undo_all; }
