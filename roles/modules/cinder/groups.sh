# shellcheck shell=sh
# Volume groups, and the proof that this kernel can make volumes in them: without device mapper pvcreate and vgcreate succeed,
# only lvcreate fails. A disk is taken only if there is nothing on it; undo gives back what this step has taken.
device_of() { case $1 in /*) printf '%s' "$1" ;; *) printf '/dev/%s' "$1" ;; esac; }
group() { vgs --noheadings -o vg_name "$1" >/dev/null 2>&1; }
wanted() { # GROUP DISK... a line for each back end that has disks
    [ -z "$VOLUME_DISKS" ] || printf '%s %s\n' "$VOLUME_GROUP" "$VOLUME_DISKS"
    [ -z "$SSD_DISKS" ] || printf '%s %s\n' "$SSD_GROUP" "$SSD_DISKS"
}
has() { pvs --noheadings -o vg_name "$(device_of "$2")" 2>/dev/null | tr -d ' ' | grep -qx "$1"; } # GROUP DISK

foreign() { # GROUP DEVICE: what is on it, other than what an attempt of this step that was killed has left
    if grep -qxF -e "call free $1 $2" "$CPMG_SAVED/journal" 2>/dev/null; then wipefs --noheadings "$2" | grep -v LVM2_member || :
    else wipefs --noheadings "$2"; fi
}

check() {
    holds_data && [ -n "$VOLUME_DISKS$SSD_DISKS" ] || return 0
    [ -e "$CPMG_SAVED/proved" ] || return 1
    wanted | while read -r group disks; do
        for disk in $disks; do has "$group" "$disk" || exit 1; done
    done
}

# LVM must not look into the volumes of guests: it looks at our disks and at those that are LVM's already (the system's may be).
files() {
    accept=$(for disk in $VOLUME_DISKS $SSD_DISKS; do printf '"a|^%s$|", ' "$(case $disk in /*) printf '%s' "$disk" ;; *) printf '/dev/%s' "$disk" ;; esac)"; done
        awk '/cpmg-kept/ { print $2 }' "$LVM_CONF" 2>/dev/null | while read -r disk; do printf '"a|^%s$|", ' "$disk"; done)
    # shellcheck disable=SC2016 # awk
    file_edit "$LVM_CONF" awk -v line="	filter = [ $accept\"r|.*|\" ]" '
        /^devices[ \t]*\{/ { print; print line; next }
        /^[ \t]*filter[ \t]*=/ { next }
        { print }'
}

keep() { # disks of the system that are LVM's, on record in a comment of the file
    others=$(pvs --noheadings -o pv_name 2>/dev/null | tr -d ' ')
    for disk in $VOLUME_DISKS $SSD_DISKS; do others=$(printf '%s\n' "$others" | grep -vxF "$(device_of "$disk")" || :); done
    for other in $others; do
        grep -q "^#cpmg-kept $other$" "$LVM_CONF" ||
            # not previewed: what is found when the step is done
            file_edit "$LVM_CONF" sed "1i #cpmg-kept $other"
    done
}

run() {
    keep
    files
    wanted | while read -r group disks; do
        for disk in $disks; do
            device=$(device_of "$disk")
            [ -b "$device" ] || fail "$NODE_NAME has no disk $device: correct VOLUME_DISKS and SSD_DISKS, or take the role storage from the node"
            has "$group" "$disk" && continue
            [ -z "$(foreign "$group" "$device")" ] || fail "there is something on $device (wipefs $device shows it): empty it, or take it out of the disks for volumes"
            undo_on free "$group" "$device"
            say "taking $device for the volume group $group"
            pvs "$device" >/dev/null 2>&1 || pvcreate -q "$device" # an attempt that was killed may have
            if group "$group"; then vgextend -q "$group" "$device"; else vgcreate -q "$group" "$device"; fi
            mark_changed
        done
        if ! lvcreate -q --yes --wipesignatures n -l 1 -n cpmg-proof "$group" >"$CPMG_ATTEMPT/said" 2>&1; then
            lvremove -q -f "$group/cpmg-proof" >/dev/null 2>&1 || :
            cat "$CPMG_ATTEMPT/said"
            fail "no volume can be made in $group (see above): the kernel $(uname -r) of $NODE_NAME seems to lack the device mapper (dm_mod). Boot one that has it, or use NFS_SHARES instead of disks; undo this step to give the disks back"
        fi
        lvremove -q -f "$group/cpmg-proof"
        say "a volume can be made in $group"
    done
    mkdir -p "$CPMG_SAVED" && : >"$CPMG_SAVED/proved"
}

volumes() { # GROUP: those that are neither the proof nor the pool in which Cinder makes thin ones
    lvs --noheadings -o lv_name "$1" 2>/dev/null | tr -d ' ' | grep -vxF -e cpmg-proof -e "$1-pool" || :
}

free() { # GROUP DEVICE
    say "giving $2 back"
    if [ "$(pvs --noheadings -o pv_name -S "vg_name=$1" 2>/dev/null | grep -c .)" -gt 1 ]; then vgreduce -q "$1" "$2"; else ! group "$1" || vgremove -q -f "$1"; fi
    pvremove -q -f "$2" || wipefs --all --quiet "$2"
}

# Nothing is taken back while there are volumes: which disks they lie on only LVM knows.
undo() {
    { sed -n 's/^call free \([^ ]*\) .*/\1/p' "$CPMG_SAVED/journal" 2>/dev/null || :; } | sort -u | while read -r group; do
        there=$(volumes "$group" | paste -s -d ' ' -)
        [ -z "$there" ] || fail "there are volumes in $group on $NODE_NAME: $there. Move them, or delete what nobody needs (in the cloud while it runs, else by lvremove), and undo again"
    done
    undo_all
}
