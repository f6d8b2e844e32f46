# shellcheck shell=sh disable=SC2086 # a list of packages
check() { ! holds_data || [ -z "$VOLUME_DISKS$SSD_DISKS$NFS_SHARES" ] || [ -z "$(pkg_missing $CPMG_PACKAGES)" ]; }

run() {
    made_by_step /etc/cinder /var/lib/cinder /var/log/cinder /var/cache/cinder /etc/lvm /etc/tgt /etc/nvme
    pkg_install
}

undo() { undo_all; }
