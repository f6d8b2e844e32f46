# shellcheck shell=sh
# Addresses and bridges, by what sets the network on this node (roles/lib/network_*.sh). The timer is armed before
# the first change and is disarmed by the next step only, over a new connection (roles/lib/network.sh).
_resolved_names() { printf '# Made by cpmg from the network plan of the environment; changes are lost.\n[Resolve]\nDNS=%s\n' "$NET_NAMES"; }

_with_names() { # the list of name servers with ours instead of those that it has
    for _name in $NET_NAMES; do printf 'nameserver %s\n' "$_name"; done
    grep -vE '^[ \t]*nameserver[ \t]' || :
}

_names_good() { # whether names are looked up as the plan says
    [ -n "$NET_NAMES" ] || return 0
    case $(network_resolver) in
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
    case $(network_resolver) in
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
    network_files
}

check() {
    if [ -z "$NETWORK_PORTS" ]; then network_unplanned && return 0; fi
    [ ! -e "$NETWORK_STATE/armed" ] && network_written && network_good && _names_good
}

run() {
    network_ours
    network_save
    network_arm "$NETWORK_LIMIT"
    say "the network of $NODE_NAME is set by $(network_writer)"
    if [ -n "$NET_NAMES" ] && [ "$(network_resolver)" = resolved ]; then
        undo_on names_again
        made_by_step "$RESOLVED_D"
        mkdir -p "$RESOLVED_D"
    fi
    _bad=$(network_wrong)
    # With the configuration that they were set by.
    for _device in $_bad; do network_down "$_device"; done
    files
    for _device in $_bad; do
        ip -4 address flush dev "$_device" scope global 2>/dev/null || :
    done
    # shellcheck disable=SC2086 # names of devices
    network_up $_bad
    [ -z "$NET_NAMES" ] || [ "$(network_resolver)" != resolved ] || systemctl restart systemd-resolved || network_take_back "systemd-resolved did not start"
    mark_changed
    network_good || network_take_back "the network is not as planned after it was set"
    say "set; it is taken back within $NETWORK_LIMIT s unless this node is reached anew"
}

undo() {
    network_disarm || network_await
    undo_all
    rm -rf "$NETWORK_STATE"
}
