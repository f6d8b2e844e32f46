# shellcheck shell=sh
# A disk gets a file system only if there is nothing on it; undo wipes what this step has made, and no other.
device_of() { case $1 in /*) printf '%s' "$1" ;; *) printf '/dev/%s' "$1" ;; esac; }

check() {
    holds_data || return 0
    for disk in $DISKS; do
        awk -v place="$DEVICES/${disk##*/}" '$2 == place { found = 1 } END { exit !found }' /proc/mounts &&
            grep -q "[[:space:]]$DEVICES/${disk##*/}[[:space:]]" /etc/fstab || return 1
    done
    for folder in ${DISKS:-$FOLDERS}; do
        [ "$(stat -c %U "$DEVICES/${folder##*/}" 2>/dev/null)" = swift ] || return 1
    done
    [ -d "$CACHE" ]
}

run() {
    holds_data || return 0
    made_by_step "$DEVICES" "$CACHE"
    save_file /etc/fstab
    if [ -z "$DISKS" ]; then
        say "no DISKS are given: objects go to folders of the system's disk, which is for trials only"
        for folder in $FOLDERS; do dir_ensure "$DEVICES/$folder" 0755 swift:swift; done
    fi
    for disk in $DISKS; do
        device=$(device_of "$disk") place=$DEVICES/${disk##*/}
        [ -b "$device" ] || fail "$NODE_NAME has no disk $device: correct DISKS, or take the role storage from the node"
        if [ -z "$(blkid -o value -s TYPE "$device" || :)" ]; then
            [ -z "$(wipefs --noheadings "$device")" ] || fail "there is something on $device that is no file system (wipefs $device shows it): empty it, or take it out of DISKS"
            undo_on wipe "$device"
            say "making a file system on $device"
            mkfs.xfs -q "$device"
            mark_changed
        fi
        [ "$(blkid -o value -s TYPE "$device")" = xfs ] || fail "there is a file system on $device that is not XFS: empty it, or take it out of DISKS"
        mkdir -p "$place"
        if ! grep -q "[[:space:]]${place}[[:space:]]" /etc/fstab; then
            printf 'UUID="%s" %s xfs noatime 0 2\n' "$(blkid -o value -s UUID "$device")" "$place" >>/etc/fstab
            mark_changed
        fi
        undo_on unmount "$place"
        if ! awk -v place="$place" '$2 == place { found = 1 } END { exit !found }' /proc/mounts; then
            mount "$place"
            mark_changed
        fi
        chown swift:swift "$place"
    done
    dir_ensure "$CACHE" 0775 root:swift # Debian's units give it to swift when they start
    mark_changed
}

unmount() { ! awk -v place="$1" '$2 == place { found = 1 } END { exit !found }' /proc/mounts || umount "$1"; }
wipe() {
    ! grep -q "^$1 " /proc/mounts || fail "$1 is still mounted, so what is on it stays: end what uses it, and undo again"
    say "wiping the file system that was made on $1"
    wipefs --all --quiet "$1"
}

# Nothing is taken back while there are objects.
undo() {
    { sed -n 's/^call unmount //p' "$CPMG_SAVED/journal" 2>/dev/null || :; } | while read -r place; do
        [ -z "$(find "$place" -name '*.data' -print 2>/dev/null | head -n 1)" ] ||
            fail "there are objects on $place of $NODE_NAME: delete them, or take the node out without undoing it, so that Swift moves them to the other nodes, and undo again"
    done
    undo_all
}
