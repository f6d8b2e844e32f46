# shellcheck shell=sh
# Which kind of guests run here is found out once, while this script is read: a processor that says it can and a device that opens
# prove nothing, so a guest of one sector is started that asks its BIOS something and ends with a status of its own.
VIRT=${VIRT_TYPE:-} WHY="the option VIRT_TYPE says so"

emulator() { for path in /usr/bin/qemu-system-"$(uname -m)" /usr/libexec/qemu-kvm /usr/bin/kvm; do [ ! -x "$path" ] || { printf '%s\n' "$path"; return; }; done; }

guest() { # EMULATOR: 33 if its code ran: mov ah,41h; mov bx,55AAh; mov dl,80h; int 13h; mov al,10h; out F4h,al; hlt
    disk=$CPMG_ATTEMPT/guest
    { printf '\264\101\273\252\125\262\200\315\023\260\020\346\364\364'; head -c 496 /dev/zero; printf '\125\252'; head -c 65024 /dev/zero; } >"$disk"
    status=0
    timeout 30 "$1" -accel kvm -cpu host -m 16 -display none -nodefaults -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=4 \
        -drive "file=$disk,format=raw,if=ide" </dev/null >"$disk.out" 2>&1 || status=$?
    rm -f "$disk"
    return "$status"
}

find_out() {
    # Nothing else than what its guests run with, however busy they keep the node.
    if [ -c /dev/kvm ] && grep -qsE '^virt_type *= *kvm *$' "$COMPUTE_CONF" && virsh -c qemu:///system list --name 2>/dev/null </dev/null | grep -q '^instance-'; then
        VIRT=kvm WHY="its guests run with it"
        return
    fi
    VIRT=qemu
    if [ ! -c /dev/kvm ]; then
        WHY="there is no /dev/kvm: the kernel has no KVM, or the firmware or the host of this machine does not let it"
    elif [ "$(uname -m)" = x86_64 ] && ! grep -qwE 'vmx|svm' /proc/cpuinfo; then
        WHY="there is /dev/kvm, but the processor shows neither vmx nor svm: guests hang while they start"
    elif [ -z "$(emulator)" ]; then
        VIRT=kvm WHY="there is /dev/kvm; a guest will try it when QEMU is installed"
    elif [ "$(uname -m)" = x86_64 ]; then
        result=0
        guest "$(emulator)" || result=$?
        if [ "$result" = 33 ]; then
            VIRT=kvm WHY="a test guest ran with it"
        else
            WHY="a test guest did not run with KVM ($result): $(tail -n 1 "$CPMG_ATTEMPT/guest.out" 2>/dev/null)"
        fi
    else
        VIRT=kvm WHY="there is /dev/kvm"
    fi
}

[ -n "$VIRT" ] || [ "$ACTION" = undo ] || find_out

files() {
    # This file is stronger than nova.conf.
    ini_set "$COMPUTE_CONF" libvirt virt_type "$VIRT"
    ini_set "$CONF" vnc novncproxy_base_url "http://${CONSOLE_ADDRESS:-$CONTROLLER_ADDRESS}:6080/vnc_auto.html"
    # Guests that ran when the node went down run again when it is back.
    ini_set "$CONF" DEFAULT resume_guests_state_on_host_boot true
    # It says itself when it has started, and on a busy machine that takes longer than the minute and a half that systemd would wait.
    if [ -n "$START_SECONDS" ]; then
        dir_ensure "/etc/systemd/system/$COMPUTE_SERVICE.service.d"
        printf '# Made by cpmg\n[Service]\nTimeoutStartSec=%s\n' "$START_SECONDS" | file_write "/etc/systemd/system/$COMPUTE_SERVICE.service.d/cpmg.conf" 0644
    fi
    # Debian switches it on, for a module of QEMU that is not installed.
    ini_set "$CONF" spice enabled false
}

run() {
    say "guests run with $VIRT: $WHY"
    files
    systemctl daemon-reload
}

undo() {
    undo_all
    systemctl daemon-reload
    service_try_restart "$COMPUTE_SERVICE"
}
