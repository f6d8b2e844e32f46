# shellcheck shell=sh disable=SC2154 # variables come from other parts of the library and from the module network
# Part of the library of steps: addresses by Debian's ifupdown. One file of ours in $INTERFACES_D; stanzas of the same NICs elsewhere are put out of
# force. The functions of a writer, here and in network_netplan.sh and network_ifcfg.sh, are called by network.sh and by roles/modules/network:
#   W_written       what our own file is to hold
#   W_good          whether it does
#   W_files         writes it, and takes our devices out of the others; also in a dry run
#   W_down DEVICE   while the files are still the ones it was set by
#   W_up DEVICE...  those that are not as planned, NICs before their bridges
#   W_back          after undo has put the files back: what had set the devices sets them again
#   W_booted        the same at the start of a node, before anything sets the network

ifupdown_written() {
    _names=''
    [ "$(network_resolver)" != resolvconf ] || _names=$NET_NAMES
    printf '# Made by cpmg from the network plan of the environment; changes are lost.\n'
    printf '%s\n' "$NETWORK_PORTS" | while read -r tag nic address gateway mtu bridge address6 gateway6; do
        [ -n "$tag" ] || continue
        address6=${address6:--} gateway6=${gateway6:--}
        mtu=${mtu#-}
        if [ "$bridge" = - ]; then
            device=$nic
            printf '\n# %s\nauto %s\n' "$tag" "$nic"
        else
            device=$bridge
            printf '\n# %s\nauto %s\niface %s inet manual\n' "$tag" "$nic" "$nic"
            printf '    up ip link set dev %s %sup\n' "$nic" "${mtu:+mtu $mtu }"
            printf 'auto %s\n' "$bridge"
        fi
        if [ "$address" = - ]; then
            printf 'iface %s inet manual\n' "$device"
        else
            printf 'iface %s inet static\n    address %s\n' "$device" "$address"
            # Who else set it at boot (cloud-init, an installer's leftover) must not make ours fail.
            [ "$bridge" != - ] || printf '    pre-up ip -4 address delete %s dev %s 2>/dev/null || true\n' "$address" "$nic"
        fi
        if [ "$bridge" != - ]; then
            printf '    pre-up ip link show dev %s >/dev/null 2>&1 || ip link add name %s type bridge\n' "$bridge" "$bridge"
            printf '    pre-up ip link set dev %s master %s\n' "$nic" "$bridge"
            printf '    post-down ip link delete dev %s type bridge\n' "$bridge"
        fi
        printf '    up ip link set dev %s %sup\n' "$device" "${mtu:+mtu $mtu }"
        # A default route that is there already is stronger.
        [ "$gateway" = - ] || printf '    up ip -4 route replace default via %s dev %s metric 200\n' "$gateway" "$device"
        if [ "$address" != - ] && [ -n "$_names" ]; then # resolvconf takes them from here, once
            printf '    dns-nameservers %s\n' "$_names"
            _names=''
        fi
        [ "$address6" != - ] || continue
        # No wait for the end of duplicate address detection: a step must not hang on a switch that is silent for a while.
        printf 'iface %s inet6 static\n    address %s\n    dad-attempts 0\n' "$device" "$address6"
        [ "$gateway6" = - ] || printf '    up ip -6 route replace default via %s dev %s metric 2048\n' "$gateway6" "$device"
    done
}

_ifupdown_without() { # the configuration without stanzas of our devices; they become comments
    { printf '%s\n' "$NETWORK_PORTS"; printf -- '--\n'; cat; } | awk -v folder="$INTERFACES_D" '
        !told && $0 == "--" { told = 1; next }
        !told { if (NF) { ours[$2] = 1; if ($6 != "-") ours[$6] = 1 } next }
        /^[ \t]*(#|$)/ { print; next }
        $1 ~ /^(source|source-directory)$/ && index($2, folder) == 1 { sourced = 1 }
        $1 ~ /^(auto|allow-.*|no-auto-down|no-scripts)$/ {
            inside = 0; kept = ""; lost = 0
            for (i = 2; i <= NF; i++) { if ($i in ours) lost = 1; else kept = kept " " $i }
            if (!lost) print
            else { print "# cpmg: " $0; if (kept != "") print $1 kept }
            next
        }
        $1 ~ /^(iface|mapping|template|rename|source|source-directory)$/ { inside = ($1 == "iface" && $2 in ours) }
        { print (inside ? "# cpmg: " : "") $0 }
        END { if (main == "yes" && !sourced) print "source " folder "/*" }' main="$1" -
}

ifupdown_good() { [ -e "$INTERFACES_D/cpmg" ] && ifupdown_written | cmp -s - "$INTERFACES_D/cpmg" && [ "$(_ifupdown_unit)" != inactive ]; }

ifupdown_files() {
    ifupdown_written | file_write "$INTERFACES_D/cpmg" 0644
    file_edit "$INTERFACES" _ifupdown_without yes
    for _other in "$INTERFACES_D"/*; do
        case $_other in "$INTERFACES_D/cpmg" | *'*') continue ;; esac
        ! network_mentioned "$_other" || file_edit "$_other" _ifupdown_without no
    done
}

ifupdown_down() {
    made_by_step /run/network
    mkdir -p /run/network
    if network_is_up "$1"; then ifdown --force "$1" || say "$1 could not be taken down the usual way"; fi
}

ifupdown_up() {
    for _device; do
        say "setting $_device"
        ifup --force "$_device" || network_take_back "$_device could not be set"
    done
    # Debian's package enables its unit and does not start it: it would be inactive until the node is restarted. What it starts now is what it starts then.
    if [ "$(_ifupdown_unit)" = inactive ]; then
        say "starting networking, as every start of the node does"
        systemctl start networking || say "networking does not start: look at 'journalctl -u networking' on $NODE_NAME"
    fi
}

_ifupdown_unit() { # its state; nothing where it is not started at boot either
    [ "$(systemctl is-enabled networking 2>/dev/null)" != enabled ] || _unit networking ActiveState
}

ifupdown_booted() { :; }

ifupdown_back() {
    for _kept in "$CPMG_SAVED"/network/*.link; do
        _device=${_kept##*/} _device=${_device%.link}
        if grep -q "^$_device=" "$CPMG_SAVED/network/ifstate" 2>/dev/null; then
            timeout 60 ifup --force "$_device" || say "ifup $_device did not end well; its addresses are put back without it"
        fi
    done
}
