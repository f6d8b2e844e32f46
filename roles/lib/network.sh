# shellcheck shell=sh disable=SC2154,SC2086,SC2016 # variables come from other parts of the library; lists are split on purpose; $1 is for the inner shell
# Part of the library of steps: the network of a node, and changes of it that take themselves back.
#
# network_arm starts a timer outside of the step (systemd's, or a process in a session of its own) and a unit for the next boot. Whichever fires
# first runs $NETWORK_STATE/revert.sh, which is the undo of the step that armed it. One rename decides between the timer and whoever confirms:
#   armed      "TOKEN SECONDS STARTED": a change waits to be confirmed; STARTED is when, in the kernel's ticks
#   reverting  it is being taken back
#   reverted   "WHY SECONDS STATUS": it was; WHY is timer, boot or step
# A line of $NETWORK_PORTS: TAG NIC ADDRESS/PREFIX GATEWAY MTU BRIDGE ADDRESS6/PREFIX GATEWAY6, - for none; the last two may be missing.

NETWORK_STATE=${CPMG_SAVED%/saved/*}/network
_NET_UNIT=cpmg-network-revert
_NET_BOOT=/etc/systemd/system/$_NET_UNIT-boot.service
_NET_IFSTATE=/run/network/ifstate

network_unplanned() { say "the environment has no network plan: this node's network stays as it is"; }

_net_ports() { printf '%s\n' "${NETWORK_PORTS:-}" | awk 'NF'; }
network_devices() { _net_ports | awk '{ print $2; if ($6 != "-") print $6 }'; } # NICs, and their bridges
network_mentioned() { network_devices | grep -qwF -f - "$1"; } # FILE: whether our devices stand in it
_net_mac() { cat "/sys/class/net/$1/address" 2>/dev/null; } # NIC
network_is_up() { grep -q "^$1=" "$_NET_IFSTATE" 2>/dev/null; } # DEVICE: as ifupdown sees it

network_writer() { # what sets the network here: ifupdown, netplan or ifcfg. The platform says, unless something else has set the plan's NICs
    _writer=${NETWORK_WRITER:-ifupdown}
    for _device in $(_net_ports | awk '{ print $2 }'); do
        case $_writer in
            ifupdown) case $(_net_file "$_device") in /run/systemd/network/*-netplan-*) _writer=netplan ;; esac ;;
            netplan) ! command -v ifup >/dev/null || ! network_is_up "$_device" || _writer=ifupdown ;;
        esac
    done
    printf '%s\n' "$_writer"
}
network_written() { "$(network_writer)_good"; }  # whether the files are as planned
network_files() { "$(network_writer)_files"; }   # makes them so
network_down() { "$(network_writer)_down" "$1"; }
network_held() { [ "$(network_writer)" != netplan ] || [ -n "$(_net_file "$1")" ]; } # NIC: whether what sets it knows of it already
network_up() { "$(network_writer)_up" "$@"; }

_net_file() { # DEVICE: the file that systemd-networkd sets it by, none if it does not
    systemctl -q is-active systemd-networkd 2>/dev/null && networkctl --no-pager status "$1" 2>/dev/null | sed -n 's/^ *Network File: //p' | grep -v '^n/a$'
}

network_resolver() { # who writes the list of name servers on this node
    case $(readlink -f "$RESOLV_CONF" 2>/dev/null) in
        */systemd/resolve/*) echo resolved ;;
        */run/resolvconf/*) echo resolvconf ;;
        *) echo file ;;
    esac
}

_net_port_good() { # NIC ADDRESS MTU BRIDGE ADDRESS6: whether the running network is so; otherwise says what is not
    [ -e "/sys/class/net/$1" ] || { say "there is no NIC $1"; return 1; }
    _device=$1
    if [ "$4" != - ]; then
        _device=$4
        [ "$(basename "$(readlink "/sys/class/net/$1/master" 2>/dev/null)")" = "$4" ] || { say "$1 is not in the bridge $4"; return 1; }
    fi
    _up=$(cat "/sys/class/net/$_device/flags" 2>/dev/null || echo 0)
    [ $((_up & 1)) = 1 ] || { say "$_device is down"; return 1; }
    if [ "$3" != - ] && [ "$(cat "/sys/class/net/$_device/mtu")" != "$3" ]; then say "the MTU of $_device is not $3"; return 1; fi
    if [ "${5:--}" != - ] && ! ip -o -6 address show dev "$_device" scope global | grep -v ' dynamic ' | grep -qF " inet6 $5 "; then
        say "$_device has not the address $5"
        return 1
    fi
    [ "$2" != - ] || return 0
    # Without its kernel module Open vSwitch has the NIC's address on a bridge of its own (roles/modules/neutron/openvswitch.sh).
    [ ! -s "/run/cpmg-carried/$1" ] || read -r _device <"/run/cpmg-carried/$1"
    # An address that DHCP gave has an end.
    ip -o -4 address show dev "$_device" scope global | grep -v ' dynamic ' | grep -qF " inet $2 " || { say "$_device has not the address $2"; return 1; }
}

network_good() { # whether all ports are as planned
    _net_ports | { while read -r _tag _nic _address _gateway _mtu _bridge _address6 _gateway6; do
        _net_port_good "$_nic" "$_address" "$_mtu" "$_bridge" "${_address6:--}" || exit 1
    done; }
}

network_wrong() { # devices of the ports that are not as planned, or as planned by somebody else, NICs before their bridges
    _net_ports | while read -r _tag _nic _address _gateway _mtu _bridge _address6 _gateway6; do
        { _net_port_good "$_nic" "$_address" "$_mtu" "$_bridge" "${_address6:--}" >/dev/null && network_held "$_nic"; } || { printf '%s\n' "$_nic"; [ "$_bridge" = - ] || printf '%s\n' "$_bridge"; }
    done
}

network_ours() { # fails if something else looks after one of the NICs
    for _device in $(_net_ports | awk '{ print $2 }'); do
        [ -e "/sys/class/net/$_device" ] || fail "there is no NIC $_device on $NODE_NAME: gather its facts anew and look at the network plan"
        case $(_net_file "$_device") in
            '' | /run/systemd/network/*-netplan-*) ;; # netplan's are ours to write
            *) fail "$_device is looked after by systemd-networkd: take it out of /etc/systemd/network on $NODE_NAME" ;;
        esac
        if command -v nmcli >/dev/null && nmcli -g GENERAL.STATE device show "$_device" 2>/dev/null | grep -q '^100'; then
            fail "$_device is looked after by NetworkManager: say 'nmcli device set $_device managed no' on $NODE_NAME"
        fi
    done
}

network_save() { # the running network of our devices on record, once, before the first change
    _never "change the network"
    undo_on network_back # the first on record: the last to be taken back, when the files are
    [ ! -e "$CPMG_SAVED/network/complete" ] || return 0
    rm -rf "$CPMG_SAVED/network"
    (umask 077 && mkdir -p "$CPMG_SAVED/network") || fail "cannot write in $CPMG_SAVED: is the disk full?"
    cp "$_NET_IFSTATE" "$CPMG_SAVED/network/ifstate" 2>/dev/null || :
    network_writer >"$CPMG_SAVED/network/writer"
    printf '%s\n' "$(_unit systemd-networkd ActiveState)" >"$CPMG_SAVED/network/networkd"
    for _device in $(network_devices); do
        _kept=$CPMG_SAVED/network/$_device _sys=/sys/class/net/$_device
        [ -e "$_sys" ] || { : >"$_kept.absent"; continue; }
        printf '%s %s %s\n' "$(cat "$_sys/mtu")" "$(cat "$_sys/flags")" "$(basename "$(readlink "$_sys/master" || echo -)")" >"$_kept.link"
        ip -o -4 address show dev "$_device" scope global | awk '{
            address = ""; brd = ""
            for (i = 1; i < NF; i++) { if ($i == "inet") address = $(i + 1); if ($i == "brd") brd = "brd " $(i + 1) }
            print address, brd }' >"$_kept.addresses"
        # What routers give comes back by itself.
        ip -o -6 address show dev "$_device" scope global 2>/dev/null | grep -v ' dynamic ' |
            awk '{ for (i = 1; i < NF; i++) if ($i == "inet6") print $(i + 1) }' >"$_kept.addresses6" || :
        ip -6 route show dev "$_device" 2>/dev/null | grep -vE ' proto (kernel|ra) |^(fe80|ff00|multicast)' >"$_kept.routes6" || :
        ip -4 route show dev "$_device" | grep -v ' proto kernel ' | sed 's/ \(linkdown\|dead\|offload\|pervasive\)//g' >"$_kept.routes" || :
    done
    : >"$CPMG_SAVED/network/complete"
}

_net_forget() { # DEVICE: ifupdown does not count it as up any more
    [ -e "$_NET_IFSTATE" ] || return 0
    sed "/^$1=/d" "$_NET_IFSTATE" >"$_NET_IFSTATE.cpmg"
    cat "$_NET_IFSTATE.cpmg" >"$_NET_IFSTATE"
    rm -f "$_NET_IFSTATE.cpmg"
}

_net_drop6() { # DEVICE: takes away the IPv6 addresses that the plan gave it
    _net_ports | while read -r _tag _nic _address _gateway _mtu _bridge _address6 _gateway6; do
        case $1 in "$_nic" | "$_bridge") ;; *) continue ;; esac
        [ "${_address6:--}" = - ] || ip -6 address del "$_address6" dev "$1" 2>/dev/null || :
        [ "${_gateway6:--}" = - ] || ip -6 route del default via "$_gateway6" dev "$1" metric 2048 2>/dev/null || :
    done
}

network_back() { # called by undo_all, when the files are as before
    [ -e "$CPMG_SAVED/network/complete" ] || return 0
    _writer=$(cat "$CPMG_SAVED/network/writer" 2>/dev/null || echo ifupdown)
    if [ "${NETWORK_AT_BOOT:-no}" != no ]; then "${_writer}_booted"; return 0; fi # the network starts after this, with these files
    for _kept in "$CPMG_SAVED"/network/*.absent; do
        [ -e "$_kept" ] || continue
        _device=${_kept##*/} _device=${_device%.absent}
        [ ! -e "/sys/class/net/$_device" ] || { say "removing the bridge $_device"; ip link delete dev "$_device"; }
        _net_forget "$_device"
    done
    for _kept in "$CPMG_SAVED"/network/*.link; do
        _device=${_kept##*/} _device=${_device%.link}
        say "putting $_device back"
        ip -4 address flush dev "$_device" scope global
        _net_drop6 "$_device"
        _net_forget "$_device"
    done
    "${_writer}_back"
    for _kept in "$CPMG_SAVED"/network/*.link; do
        _device=${_kept##*/} _device=${_device%.link}
        read -r _mtu _flags _master <"$_kept"
        if [ "$_master" = - ]; then ip link set dev "$_device" nomaster; else ip link set dev "$_device" master "$_master"; fi
        ip link set dev "$_device" mtu "$_mtu"
        if [ $((_flags & 1)) = 1 ]; then ip link set dev "$_device" up; else ip link set dev "$_device" down; fi
        while read -r _address _rest; do # what DHCP or systemd-networkd has set again has an end, or an owner
            ip -o -4 address show dev "$_device" | grep -qF " inet $_address " || ip -4 address replace "$_address" $_rest dev "$_device"
        done <"${_kept%.link}.addresses"
        [ -e "${_kept%.link}.addresses6" ] || continue
        while read -r _address; do
            ip -6 address replace "$_address" dev "$_device"
        done <"${_kept%.link}.addresses6"
    done
    for _kept in "$CPMG_SAVED"/network/*.routes; do
        _device=${_kept##*/} _device=${_device%.routes}
        while read -r _route; do
            ip -4 route replace $_route dev "$_device" || say "the route '$_route' could not be put back"
        done <"$_kept"
    done
    for _kept in "$CPMG_SAVED"/network/*.routes6; do
        [ -e "$_kept" ] || continue
        _device=${_kept##*/} _device=${_device%.routes6}
        while read -r _route; do
            ip -6 route replace $_route dev "$_device" || say "the route '$_route' could not be put back"
        done <"$_kept"
    done
    for _device in $(network_devices); do # neighbours may still know the other address
        ! command -v arping >/dev/null || [ ! -s "$CPMG_SAVED/network/$_device.addresses" ] ||
            timeout 3 arping -q -U -c 1 -I "$_device" "$(sed -n '1s|/.*||p' "$CPMG_SAVED/network/$_device.addresses")" || :
    done
}

network_arm() { # SECONDS: from now on, what this step does is taken back unless network_disarm is called within that time
    _never "arm the timer"
    network_disarm || :
    [ ! -e "$NETWORK_STATE/reverting" ] || network_await
    rm -rf "$NETWORK_STATE"
    (umask 077 && mkdir -p "$NETWORK_STATE/attempt") || fail "cannot write in $NETWORK_STATE: is the disk full?"
    cat >"$NETWORK_STATE/revert.sh" <<END
#!/bin/sh
# Made by cpmg: takes back a change of the network that was not confirmed. \$1: timer TOKEN, boot, or step.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
cd '$NETWORK_STATE' || exit 1
read -r token seconds started <armed || exit 0
[ "\$1" != timer ] || [ "\$2" = "\$token" ] || exit 0
mv armed reverting 2>/dev/null || exit 0
exec >>log 2>&1 </dev/null
(
    set -eu
    umask 022
    ACTION=undo STEP='$STEP' JOB_ID='$JOB_ID' CPMG_JOB='$CPMG_JOB' CPMG_SAVED='$CPMG_SAVED' CPMG_FILES='$CPMG_FILES'
    CPMG_ATTEMPT='$NETWORK_STATE/attempt' LC_ALL=C
    [ "\$1" != boot ] || NETWORK_AT_BOOT=yes
    . '$CPMG_JOB/vars/${STEP%%/*}.sh'
    . '$CPMG_JOB/lib.sh'
    . '$CPMG_JOB/steps/$STEP.sh'
    undo_all
)
rc=\$?
rm -f '$_NET_BOOT' '/etc/systemd/system/sysinit.target.wants/${_NET_BOOT##*/}'
printf '%s %s %s\n' "\$1" "\$seconds" "\$rc" >told
mv told reverted
rm -f reverting
END
    _token=$(date +%s).$$
    printf '%s %s %s\n' "$_token" "$1" "$(awk '{ print $22 }' /proc/self/stat)" >"$NETWORK_STATE/armed.new"
    if [ -d /run/systemd/system ]; then
        cat >"$_NET_BOOT" <<END
# Made by cpmg, until the change of the network is confirmed: a node that is restarted before starts with the network it had.
[Unit]
Description=Take back a change of the network that was not confirmed
DefaultDependencies=no
RequiresMountsFor=$NETWORK_STATE /etc /usr
After=local-fs.target
Wants=network-pre.target
Before=network-pre.target networking.service systemd-networkd.service NetworkManager.service shutdown.target
ConditionPathExists=$NETWORK_STATE/armed

[Service]
Type=oneshot
ExecStart=/bin/sh $NETWORK_STATE/revert.sh boot
END
        mkdir -p /etc/systemd/system/sysinit.target.wants
        ln -sf "$_NET_BOOT" "/etc/systemd/system/sysinit.target.wants/${_NET_BOOT##*/}"
        mv "$NETWORK_STATE/armed.new" "$NETWORK_STATE/armed"
        systemctl stop "$_NET_UNIT.timer" 2>/dev/null || :
        if ! systemd-run --quiet --collect --unit="$_NET_UNIT" --on-active="$1" --timer-property=AccuracySec=200ms \
            /bin/sh "$NETWORK_STATE/revert.sh" timer "$_token" || ! systemctl -q is-active "$_NET_UNIT.timer"; then
            network_disarm
            fail "the timer that takes the change back could not be started (systemd-run): nothing was changed"
        fi
    else
        mv "$NETWORK_STATE/armed.new" "$NETWORK_STATE/armed"
        say "this node has no systemd: the timer does not survive a restart of the node"
        setsid sh -c 'sleep "$1"; exec sh "$2" timer "$3"' sh "$1" "$NETWORK_STATE/revert.sh" "$_token" </dev/null >/dev/null 2>&1 &
    fi
}

network_disarm() { # false: nothing was armed any more
    mv "$NETWORK_STATE/armed" "$NETWORK_STATE/held" 2>/dev/null || return 1
    rm -f "$_NET_BOOT" "/etc/systemd/system/sysinit.target.wants/${_NET_BOOT##*/}"
    [ ! -d /run/systemd/system ] || systemctl stop "$_NET_UNIT.timer" 2>/dev/null || :
}

_net_settled() { [ ! -e "$NETWORK_STATE/reverting" ]; }
network_await() { # the end of what is being taken back
    wait_for 180 _net_settled || fail "the change of the network is being taken back and does not come to an end: see $NETWORK_STATE/log on $NODE_NAME"
}

network_take_back() { # TEXT: at once; ends the step
    sh "$NETWORK_STATE/revert.sh" step
    fail "$1: everything was taken back (see above, and $NETWORK_STATE/log)"
}

network_told() { # ends the step if the change was taken back
    [ -e "$NETWORK_STATE/reverted" ] || return 0
    read -r _why _seconds _status <"$NETWORK_STATE/reverted"
    sed 's/^/taken back: /' "$NETWORK_STATE/log"
    [ "$_status" = 0 ] || fail "not all of the change of the network could be taken back on $NODE_NAME (see above): mend it by hand"
    case $_why in
        boot) fail "$NODE_NAME was restarted before the change of its network was confirmed; it started with the network it had before. Install again" ;;
        step) fail "the change of the network was taken back, because it could not be set. Install again when the cause is mended" ;;
    esac
    fail "the change of the network was taken back: cpmg did not reach $NODE_NAME at $NODE_ADDRESS over a new connection within $_seconds s. \
The node has the network it had before. Compare the network plan with the cables and the addresses, then install again"
}

network_new_connection() { # whether the connection that began this step is younger than the change
    read -r _token _seconds _started <"$NETWORK_STATE/armed" || return 0
    read -r _stat <"/proc/$$/stat"
    _parent=$(printf '%s\n' "${_stat##*) }" | awk '{ print $2 }')
    grep -q serve "/proc/$_parent/cmdline" 2>/dev/null || return 0 # it has gone since; it was made for this step
    _stat=$(cat "/proc/$_parent/stat")
    [ "$(printf '%s\n' "${_stat##*) }" | awk '{ print $20 }')" -ge "$_started" ]
}

# ---------------------------------------------------------------- what Neutron's agents leave

name_spaces_gone() { # those of routers and DHCP servers, which nobody serves any more
    for _space in $(ip netns list 2>/dev/null | awk '/^(qdhcp|qrouter)-/ { print $1 }'); do
        say "removing namespace $_space"
        ip netns pids "$_space" | xargs -r kill 2>/dev/null || :
        ip netns delete "$_space"
        mark_changed
    done
    # Where they lie is mounted with the first of them, and stays so without any.
    if [ -d /run/netns ] && [ -z "$(ls -A /run/netns)" ]; then
        ! mountpoint -q /run/netns || umount /run/netns
        rmdir /run/netns
    fi
}
