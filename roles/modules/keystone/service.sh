# shellcheck shell=sh
# Starts the service and creates what every later service's user belongs to: project `service` and role `service`.
identity_login() { identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"; }

wanted() {
    identity_login
    project_ensure service
    role_ensure service
}

check() { services_good "$SERVICES" && port_open 5000 && wanted && identity_good 2>/dev/null; }

run() {
    if ! services_good "$SERVICES" || ! port_open 5000; then
        service_enable "$SERVICES"
        wait_port 5000
        must_run "$SERVICES"
    fi
    wanted
    identity_apply
}

undo() { undo_all; }
