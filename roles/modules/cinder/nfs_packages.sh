# shellcheck shell=sh disable=SC2086 # a list of packages
# Whoever mounts the shares: nodes that keep volumes, and those on which instances run.
check() { [ -z "$NFS_SHARES" ] || [ -z "$(pkg_missing $CPMG_PACKAGES)" ]; }

run() {
    made_by_step /var/lib/nfs /etc/idmapd.conf /etc/nfs.conf
    pkg_install
}

undo() { undo_all; }
