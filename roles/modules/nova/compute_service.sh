# shellcheck shell=sh disable=SC2086 # a list of units
# nova-compute ends with status 0 when libvirt does not let it in, so that systemd calls it neither failed nor starts it again.
check() { services_good "$LIBVIRT_SERVICE" "$COMPUTE_SERVICE" && virsh -c qemu:///system version >/dev/null 2>&1; }

run() {
    if [ "$(_unit polkit LoadState)" = loaded ]; then
        # It has no place on the bus while dbus has not heard of its policy, and libvirt then refuses Nova after 25 s.
        service_brings polkit.service
        systemctl daemon-reload
        systemctl reload dbus
        systemctl restart polkit
    fi
    service_brings $LIBVIRT_BRINGS
    service_enable "$LIBVIRT_SERVICE" "$COMPUTE_SERVICE"
    run_as nova virsh -c qemu:///system version || fail "libvirt does not let the user nova in (see above): is it in the group libvirt, and does polkit run?"
    must_run "$LIBVIRT_SERVICE" "$COMPUTE_SERVICE"
}

undo() {
    # They outlive libvirt, and nobody could end them any more. Their disks go with the folder that the packages' step has made.
    for name in $(virsh -c qemu:///system list --name 2>/dev/null | grep '^instance-' || :); do
        say "ending $name"
        virsh -c qemu:///system destroy "$name" >/dev/null || :
    done
    undo_all
    unmount_below /var/lib/nova # shares with volumes: Nova leaves them mounted when it is stopped with a volume in use
}
