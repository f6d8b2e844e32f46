# shellcheck shell=sh
run() {
    made_by_step /etc/neutron /var/lib/neutron /var/log/neutron /var/cache/neutron
    [ "$NEUTRON_MECHANISM" != openvswitch ] || made_by_step /etc/openvswitch /var/lib/openvswitch /var/log/openvswitch
    pkg_install
}

undo() { undo_all; }
