# shellcheck shell=sh disable=SC2086 # a list of packages
check() { ! holds_data || [ -z "$BACKUP" ] || [ -z "$(pkg_missing $CPMG_PACKAGES)" ]; }

run() {
    made_by_step /etc/cinder /var/lib/cinder /var/log/cinder /var/cache/cinder
    pkg_install
}

undo() { undo_all; }
