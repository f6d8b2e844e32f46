# shellcheck shell=sh
files() {
    ini_set "$CONF" database connection "$(database_url heat heat "$HEAT_DB_PASSWORD")"
    ini_set "$CONF" DEFAULT transport_url "$(message_url "$RABBIT_USER" "$RABBIT_PASSWORD")"
    ini_set "$CONF" DEFAULT heat_metadata_server_url "http://$CONTROLLER_NAME:8000"
    ini_set "$CONF" DEFAULT heat_waitcondition_server_url "http://$CONTROLLER_NAME:8000/v1/waitcondition"
    ini_set "$CONF" DEFAULT region_name_for_services "$REGION"
    ini_set "$CONF" DEFAULT stack_domain_admin heat_domain_admin
    ini_set "$CONF" DEFAULT stack_domain_admin_password "$HEAT_DOMAIN_PASSWORD"
    ini_set "$CONF" DEFAULT stack_user_domain_name heat
    [ -z "$ENGINE_WORKERS" ] || ini_set "$CONF" DEFAULT num_engine_workers "$ENGINE_WORKERS"
    authtoken_set "$CONF" heat "$HEAT_PASSWORD"
    # [trustee]: seed 004 line 3384 translated the section's name, line 3399 has it right
    ini_set "$CONF" trustee auth_type password
    ini_set "$CONF" trustee auth_url "http://$CONTROLLER_NAME:5000"
    ini_set "$CONF" trustee username heat
    ini_set "$CONF" trustee password "$HEAT_PASSWORD"
    ini_set "$CONF" trustee user_domain_name Default
    ini_set "$CONF" clients_keystone auth_uri "http://$CONTROLLER_NAME:5000"
    for ini in $UWSGI; do
        [ -z "$UWSGI_PROCESSES" ] || ini_set "$ini" uwsgi processes "$UWSGI_PROCESSES"
        [ -z "$UWSGI_THREADS" ] || ini_set "$ini" uwsgi threads "$UWSGI_THREADS"
    done
}

run() { files; }

# shellcheck disable=SC2086 # a list of units
undo() {
    undo_all
    service_try_restart $SERVICES
}
