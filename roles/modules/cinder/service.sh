# shellcheck shell=sh disable=SC2046,SC2086 # lists of units
controller() { case " $NODE_ROLES " in *' controller '*) ;; *) return 1 ;; esac; }

units() { # what runs on this node
    ! controller || printf '%s\n' $SERVICES
    holds_data || return 0
    [ -z "$VOLUME_DISKS$SSD_DISKS" ] || printf '%s\n' $TARGET_SERVICES
    [ -z "$VOLUME_DISKS$SSD_DISKS$NFS_SHARES" ] || printf '%s\n' $VOLUME_SERVICES
    [ -z "$BACKUP" ] || printf '%s\n' $BACKUP_SERVICES
}

check() { [ -z "$(units)" ] || services_good $(units) && { ! controller || port_open 8776; }; }

run() {
    service_enable $(units)
    ! controller || wait_port 8776 120
    must_run $(units)
}

# What is mounted below Cinder's folder is taken away first: the packages' own step removes that folder.
undo() {
    undo_all
    unmount_below /var/lib/cinder
}
