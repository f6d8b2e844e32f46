# shellcheck shell=sh
# Debian's ifupdown: one file of ours in $INTERFACES_D; stanzas of the same NICs elsewhere are put out of force. The timer is armed before
# the first change and is disarmed by the next step only, over a new connection (roles/lib/network.sh).
_stanzas() {
    _names=''
    [ "$(_resolver)" != resolvconf ] || _names=$NET_NAMES
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

_without() { # the configuration without stanzas of our devices; they become comments
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

_mentions() { # FILE: whether our devices stand in it
    printf '%s\n' "$NETWORK_PORTS" | awk 'NF { print $2; if ($6 != "-") print $6 }' | grep -qwF -f - "$1"
}

_resolver() { # who writes the list of name servers on this node
    case $(readlink -f "$RESOLV_CONF" 2>/dev/null) in
        */systemd/resolve/*) echo resolved ;;
        */run/resolvconf/*) echo resolvconf ;;
        *) echo file ;;
    esac
}

_resolved_names() { printf '# Made by cpmg from the network plan of the environment; changes are lost.\n[Resolve]\nDNS=%s\n' "$NET_NAMES"; }

_with_names() { # the list of name servers with ours instead of those that it has
    for _name in $NET_NAMES; do printf 'nameserver %s\n' "$_name"; done
    grep -vE '^[ \t]*nameserver[ \t]' || :
}

_names_good() { # whether names are looked up as the plan says
    [ -n "$NET_NAMES" ] || return 0
    case $(_resolver) in
        resolvconf) return 0 ;; # part of the stanzas
        resolved) _resolved_names | cmp -s - "$RESOLVED_D/cpmg.conf" ;;
        *) [ "$(_with_names <"$RESOLV_CONF" 2>/dev/null)" = "$(cat "$RESOLV_CONF" 2>/dev/null)" ] ;;
    esac || { say "the name servers are not $NET_NAMES"; return 1; }
}

names_again() { # called by undo_all, when the files are as before
    ! systemctl -q is-active systemd-resolved 2>/dev/null || systemctl restart systemd-resolved || say "systemd-resolved did not start again"
}

_names() {
    [ -n "$NET_NAMES" ] || return 0
    case $(_resolver) in
        resolvconf) ;;
        resolved) _resolved_names | file_write "$RESOLVED_D/cpmg.conf" 0644 ;;
        *)
            [ -e "$RESOLV_CONF" ] || : | file_write "$RESOLV_CONF" 0644
            file_edit "$RESOLV_CONF" _with_names
            ;;
    esac
}

files() {
    _names
    _stanzas | file_write "$INTERFACES_D/cpmg" 0644
    file_edit "$INTERFACES" _without yes
    for _other in "$INTERFACES_D"/*; do
        case $_other in "$INTERFACES_D/cpmg" | *'*') continue ;; esac
        ! _mentions "$_other" || file_edit "$_other" _without no
    done
}

check() {
    if [ -z "$NETWORK_PORTS" ]; then network_unplanned && return 0; fi
    [ ! -e "$NETWORK_STATE/armed" ] && [ -e "$INTERFACES_D/cpmg" ] && _stanzas | cmp -s - "$INTERFACES_D/cpmg" && network_good && _names_good
}

run() {
    network_ours
    network_save
    network_arm "$NETWORK_LIMIT"
    made_by_step /run/network
    mkdir -p /run/network
    if [ -n "$NET_NAMES" ] && [ "$(_resolver)" = resolved ]; then
        undo_on names_again
        made_by_step "$RESOLVED_D"
        mkdir -p "$RESOLVED_D"
    fi
    _bad=$(network_wrong)
    # With the configuration that they were set by.
    for _device in $_bad; do
        if network_is_up "$_device"; then ifdown --force "$_device" || say "$_device could not be taken down the usual way"; fi
    done
    files
    for _device in $_bad; do
        ip -4 address flush dev "$_device" scope global 2>/dev/null || :
    done
    for _device in $_bad; do
        say "setting $_device"
        ifup --force "$_device" || network_take_back "$_device could not be set"
    done
    [ -z "$NET_NAMES" ] || [ "$(_resolver)" != resolved ] || systemctl restart systemd-resolved || network_take_back "systemd-resolved did not start"
    mark_changed
    network_good || network_take_back "the network is not as planned after it was set"
    say "set; it is taken back within $NETWORK_LIMIT s unless this node is reached anew"
}

undo() {
    network_disarm || network_await
    undo_all
    rm -rf "$NETWORK_STATE"
}
