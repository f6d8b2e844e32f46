# shellcheck shell=sh
files() { file_install "$CPMG_FILES/openstack.cnf" "$CONF"; }

run() { files; }

undo() {
    undo_all
    service_try_restart "$SERVICES"
}
