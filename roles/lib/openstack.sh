# shellcheck shell=sh disable=SC2154 # variables come from the plan
# Part of the library of steps: what the configuration files of OpenStack's services have in common.

# How a service logs in to Keystone as its own user in project service. The domain is called Default; Keystone compares
# without regard to case, so that the `default` of some guides means the same.
auth_set() { # FILE SECTION USER PASSWORD [PATH]: PATH ends the address of Keystone, as /v3
    ini_set "$1" "$2" auth_type password
    ini_set "$1" "$2" auth_url "http://$CONTROLLER_NAME:${IDENTITY_ADMIN_PORT:-5000}${5:-}"
    ini_set "$1" "$2" project_domain_name Default
    ini_set "$1" "$2" user_domain_name Default
    ini_set "$1" "$2" project_name service
    ini_set "$1" "$2" username "$3"
    ini_set "$1" "$2" password "$4"
}

authtoken_set() { # FILE USER PASSWORD [SECTION]: and how its API has its users' tokens checked
    auth_set "$1" "${4:-keystone_authtoken}" "$2" "$3"
    ini_set "$1" "${4:-keystone_authtoken}" www_authenticate_uri "http://$CONTROLLER_NAME:5000"
    ini_set "$1" "${4:-keystone_authtoken}" region_name "$REGION" # Debian's files say regionOne, which no catalogue knows
    ini_set "$1" "${4:-keystone_authtoken}" memcached_servers "$CONTROLLER_NAME:11211"
}

database_url() { printf 'mysql+pymysql://%s:%s@%s/%s' "$2" "$(url_quote "$3")" "$CONTROLLER_NAME" "$1"; } # DATABASE USER PASSWORD
message_url() { printf 'rabbit://%s:%s@%s' "$1" "$(url_quote "$2")" "$CONTROLLER_NAME"; }                 # USER PASSWORD

# Migrations of some services take the connection for a template, in which the % of an encoded character means something else.
database_password_plain() { # NAME PASSWORD
    [ "$(url_quote "$2")" = "$2" ] || fail "this service cannot use such a database password: choose one of letters, digits and . _ ~ - for $1"
}

holds_data() { awk -v me="$NODE_ADDRESS" '$1 == me { found = 1 } END { exit !found }' "$CPMG_FILES/holders"; } # this node keeps volumes or objects
