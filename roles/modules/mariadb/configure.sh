# shellcheck shell=sh
files() {
    file_install "$CPMG_FILES/openstack.cnf" "$CONF"
    # Seed 004, lines 129-138: with an address in one file only, the services' first migrations failed.
    [ -z "$PACKAGE_CONF" ] || ini_set "$PACKAGE_CONF" mysqld bind-address "$NODE_ADDRESS"
}

run() { files; }

undo() {
    undo_all
    service_try_restart "$SERVICES"
}
