# shellcheck shell=sh
run() {
    made_by_step /etc/apache2 /var/lib/apache2 /var/log/apache2 /var/cache/apache2 /var/www \
        /etc/openstack-dashboard /etc/default/openstack-dashboard-apache /var/lib/openstack-dashboard /var/lib/horizon \
        /var/log/openstack-dashboard /usr/share/openstack-dashboard /usr/share/openstack-dashboard-debian-settings.d \
        /usr/lib/python3/dist-packages/openstack_dashboard
    pkg_install
}

undo() { undo_all; }
