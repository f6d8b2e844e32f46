# shellcheck shell=sh
# One step for libvirt and what it brings: its services are started later, after dbus and polkit have heard of them.
run() {
    made_by_step /etc/nova /var/lib/nova /var/log/nova /var/cache/nova
    made_by_step /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt
    made_by_step /etc/apparmor.d/local/abstractions
    pkg_install
}

undo() { undo_all; }
