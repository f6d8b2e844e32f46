# shellcheck shell=sh
# Ids of what amphorae need are set by the step objects.
files() {
    ini_set "$CONF" DEFAULT transport_url "$(message_url "$RABBIT_USER" "$RABBIT_PASSWORD")"
    ini_set "$CONF" database connection "$(database_url octavia octavia "$OCTAVIA_DB_PASSWORD")"
    ini_set "$CONF" oslo_messaging topic octavia_prov
    ini_set "$CONF" api_settings bind_host 0.0.0.0
    ini_set "$CONF" api_settings bind_port 9876
    authtoken_set "$CONF" octavia "$OCTAVIA_PASSWORD"
    auth_set "$CONF" service_auth octavia "$OCTAVIA_PASSWORD"
    ini_set "$CONF" service_auth memcached_servers "$CONTROLLER_NAME:11211"
    for service in nova neutron glance cinder; do ini_set "$CONF" "$service" region_name "$REGION"; done
    ini_set "$CONF" certificates server_certs_key_passphrase "$(printf '%.32s' "$OCTAVIA_CERTS_PASSPHRASE$OCTAVIA_CERTS_PASSPHRASE")" # 32 characters, no more, no less
    ini_set "$CONF" certificates ca_private_key_passphrase "$OCTAVIA_CA_PASSPHRASE"
    ini_set "$CONF" certificates ca_private_key "$CERTS/private/server_ca.key.pem"
    ini_set "$CONF" certificates ca_certificate "$CERTS/server_ca.cert.pem"
    ini_set "$CONF" haproxy_amphora server_ca "$CERTS/server_ca-chain.cert.pem"
    ini_set "$CONF" haproxy_amphora client_cert "$CERTS/private/client.cert-and-key.pem"
    ini_set "$CONF" health_manager bind_ip "$MANAGEMENT_ADDRESS"
    ini_set "$CONF" health_manager bind_port 5555
    ini_set "$CONF" health_manager controller_ip_port_list "$MANAGEMENT_ADDRESS:5555"
    ini_set "$CONF" health_manager heartbeat_key "$OCTAVIA_HEARTBEAT_KEY" # the guide has none, without which amphorae are not believed
    ini_set "$CONF" controller_worker amp_ssh_key_name octavia_ssh_key
    ini_set "$CONF" controller_worker client_ca "$CERTS/client_ca.cert.pem"
    ini_set "$CONF" controller_worker amp_image_tag amphora
    ini_set "$CONF" controller_worker amp_flavor_id 200
    ini_set "$CONF" controller_worker network_driver allowed_address_pairs_driver
    ini_set "$CONF" controller_worker compute_driver compute_nova_driver
    ini_set "$CONF" controller_worker amphora_driver amphora_haproxy_rest_driver
    [ -z "$UWSGI" ] || [ -z "$UWSGI_PROCESSES" ] || ini_set "$UWSGI" uwsgi processes "$UWSGI_PROCESSES"
    [ -z "$UWSGI" ] || [ -z "$UWSGI_THREADS" ] || ini_set "$UWSGI" uwsgi threads "$UWSGI_THREADS"
}

run() { files; }

# shellcheck disable=SC2086 # a list of units
undo() {
    undo_all
    service_try_restart $SERVICES
}
