# shellcheck shell=sh disable=SC2154,SC2094 # variables come from other parts of the library and from the module network
# Part of the library of steps: addresses by the network scripts of CentOS 7 (ifcfg-NIC, route-NIC, route6-NIC in $IFCFG_D). A file of that name keeps
# what it says of the hardware (HWADDR, VLAN, bonding …); other files for the same device are put out of force. See network_ifupdown.sh.

# What an ifcfg file says of addresses and of who sets them.
_IFCFG_KEYS='DEVICE|NAME|ONBOOT|BOOTPROTO|NM_CONTROLLED|IPADDR[0-9]*|PREFIX[0-9]*|NETMASK[0-9]*|BROADCAST[0-9]*|NETWORK[0-9]*|GATEWAY[0-9]*|DEFROUTE|PEERDNS|PEERROUTES|DNS[0-9]*|DOMAIN|DHCP[A-Z_]*|PERSISTENT_DHCLIENT|MTU|BRIDGE|STP|DELAY|IPV4_[A-Z_]*|IPV6[A-Z0-9_]*'

ifcfg_devices() { # a line for each device: DEVICE KIND TAG ADDRESS GATEWAY MTU BRIDGE ADDRESS6 GATEWAY6
    _net_ports | while read -r tag nic address gateway mtu bridge address6 gateway6; do
        if [ "$bridge" = - ]; then
            printf '%s nic %s %s %s %s - %s %s\n' "$nic" "$tag" "$address" "$gateway" "$mtu" "${address6:--}" "${gateway6:--}"
        else
            printf '%s nic %s - - %s %s - -\n' "$nic" "$tag" "$mtu" "$bridge"
            printf '%s bridge %s %s %s %s - %s %s\n' "$bridge" "$tag" "$address" "$gateway" "$mtu" "${address6:--}" "${gateway6:--}"
        fi
    done
}

_ifcfg_text() { # LINE of ifcfg_devices, in words: our part of its file
    printf '# Made by cpmg from the network plan of the environment (%s); changes are lost.\nDEVICE=%s\nONBOOT=yes\nNM_CONTROLLED=no\n' "$3" "$1"
    if [ "$2" = bridge ]; then printf 'TYPE=Bridge\nSTP=off\nDELAY=0\n'; fi
    if [ "$4" = - ]; then printf 'BOOTPROTO=none\n'; else printf 'BOOTPROTO=static\nIPADDR=%s\nPREFIX=%s\n' "${4%/*}" "${4#*/}"; fi
    # The default route is in route-DEVICE, with a metric: one that is there already is stronger.
    printf 'DEFROUTE=no\nPEERDNS=no\n'
    [ "$6" = - ] || printf 'MTU=%s\n' "$6"
    [ "$7" = - ] || printf 'BRIDGE=%s\n' "$7"
    if [ "$8" = - ]; then printf 'IPV6INIT=no\n'; else printf 'IPV6INIT=yes\nIPV6_AUTOCONF=no\nIPV6_DEFROUTE=no\nIPV6ADDR=%s\n' "$8"; fi
}

_ifcfg_with() { # LINE…: the content with our part in place of what it says of addresses
    _ifcfg_text "$@"
    grep -vE "^[ \t]*($_IFCFG_KEYS)=|^# Made by cpmg " | { if [ "$2" = bridge ]; then grep -vE '^[ \t]*TYPE='; else cat; fi; } || :
}

_ifcfg_without() { # out of force: the network scripts pass over what says ONBOOT=no and names no device
    sed '/^# cpmg: /!s/^/# cpmg: /; /^# cpmg: ONBOOT=no$/d'
    printf 'ONBOOT=no\n'
}

_ifcfg_others() { # files for our devices that do not have their names
    for _other in "$IFCFG_D"/ifcfg-*; do
        case $_other in *'*' | *.rpmnew | *.rpmsave | *~) continue ;; esac
        _of=$(sed -n "s/^[ \t]*DEVICE=[\"']\{0,1\}\([^\"' \t]*\).*/\1/p" "$_other" | tail -n 1)
        _mac=$(sed -n "s/^[ \t]*HWADDR=[\"']\{0,1\}\([0-9A-Fa-f:]*\).*/\1/p" "$_other" | tail -n 1 | tr '[:upper:]' '[:lower:]')
        for _device in $(network_devices); do
            [ "$_other" != "$IFCFG_D/ifcfg-$_device" ] || continue
            if [ "$_of" = "$_device" ] || { [ -z "$_of" ] && [ -n "$_mac" ] && [ "$_mac" = "$(_net_mac "$_device")" ]; }; then
                printf '%s\n' "$_other"
                break
            fi
        done
    done
}

_ifcfg_route() { # PATH TEXT: a file with a default route, or none with ours
    if [ -n "$2" ]; then
        printf '# Made by cpmg from the network plan of the environment; changes are lost.\n%s\n' "$2" | file_write "$1" 0644
    elif [ -e "$1" ]; then
        : | file_write "$1"
    fi
}

ifcfg_files() {
    for _other in $(_ifcfg_others); do file_edit "$_other" _ifcfg_without; done
    ifcfg_devices | while read -r device kind tag address gateway mtu bridge address6 gateway6; do
        _path=$IFCFG_D/ifcfg-$device
        [ -e "$_path" ] || printf '%s\n' "$([ "$kind" = bridge ] || printf 'TYPE=Ethernet')" | sed '/^$/d' | file_write "$_path" 0644
        file_edit "$_path" _ifcfg_with "$device" "$kind" "$tag" "$address" "$gateway" "$mtu" "$bridge" "$address6" "$gateway6"
        _text=''
        [ "$gateway" = - ] || _text="default via $gateway dev $device metric 200"
        _ifcfg_route "$IFCFG_D/route-$device" "$_text"
        _text=''
        [ "$gateway6" = - ] || _text="default via $gateway6 dev $device metric 2048"
        _ifcfg_route "$IFCFG_D/route6-$device" "$_text"
    done
}

ifcfg_good() {
    [ -z "$(_ifcfg_others | while read -r _other; do grep -qx 'ONBOOT=no' "$_other" || printf '%s\n' "$_other"; done)" ] || return 1
    ifcfg_devices | { while read -r device kind tag address gateway mtu bridge address6 gateway6; do
        _path=$IFCFG_D/ifcfg-$device
        [ -e "$_path" ] || exit 1
        _ifcfg_with "$device" "$kind" "$tag" "$address" "$gateway" "$mtu" "$bridge" "$address6" "$gateway6" <"$_path" | cmp -s - "$_path" || exit 1
        [ "$gateway" = - ] || grep -qxF "default via $gateway dev $device metric 200" "$IFCFG_D/route-$device" 2>/dev/null || exit 1
    done; }
}

ifcfg_down() { ifdown "$1" 2>/dev/null || say "$1 could not be taken down the usual way"; }

ifcfg_up() {
    [ "$(systemctl is-enabled network 2>/dev/null)" != disabled ] ||
        network_take_back "the service 'network' of $NODE_NAME is not enabled, so nothing would set these addresses at its next start: say 'systemctl enable network'"
    for _device; do
        say "setting $_device"
        ifup "$_device" || network_take_back "$_device could not be set"
    done
}

ifcfg_booted() { :; }

ifcfg_back() { # an address that DHCP gave comes from its client again; the others are put back by the caller
    for _kept in "$CPMG_SAVED"/network/*.link; do
        _device=${_kept##*/} _device=${_device%.link}
        ! grep -qsE "^BOOTPROTO=[\"']?(dhcp|bootp)" "$IFCFG_D/ifcfg-$_device" || timeout 60 ifup "$_device" || say "ifup $_device did not end well; its addresses are put back without it"
    done
}
