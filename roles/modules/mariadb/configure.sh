# shellcheck shell=sh
run() { file_install "$CPMG_FILES/openstack.cnf" "$CONF"; }

undo() {
    undo_all
    service_try_restart "$SERVICES"
}
