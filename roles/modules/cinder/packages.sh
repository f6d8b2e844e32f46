# shellcheck shell=sh
run() {
    made_by_step /etc/cinder /var/lib/cinder /var/log/cinder /var/cache/cinder /etc/policy.d
    pkg_install
}

undo() { undo_all; }
