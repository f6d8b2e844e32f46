# shellcheck shell=sh
run() {
    made_by_step /etc/neutron /var/lib/neutron /var/log/neutron /var/cache/neutron
    pkg_install
}

undo() { undo_all; }
