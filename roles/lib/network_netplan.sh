# shellcheck shell=sh disable=SC2154,SC2086,SC2046,SC2183,SC2016 # variables come from other parts of the library; lists are split on purpose; the program is Python's
# Part of the library of steps: addresses by netplan with systemd-networkd. One file of ours in $NETPLAN_D. netplan merges files, lists too, so what other
# files say of our devices' addresses becomes comments there; what they say of the hardware (match, set-name, bonds, VLANs) stays, and our file uses
# their names for the devices. See network_ifupdown.sh.

# netplan is Python's, so Python and its YAML are where it is. `of` prints "NIC KIND NAME" for each NIC=MAC; `without` prints standard input with what is
# said of our devices (NIC=MAC, or BRIDGE=) as comments.
_NETPLAN='
import fnmatch, sys, yaml
KINDS = ("ethernets", "bridges", "bonds", "vlans", "wifis", "tunnels", "dummy-devices")
ADDRESSES = ("addresses", "dhcp4", "dhcp6", "dhcp4-overrides", "dhcp6-overrides", "dhcp-identifier", "gateway4", "gateway6", "routes",
             "routing-policy", "nameservers", "mtu", "optional", "optional-addresses", "ignore-carrier", "critical", "renderer")

def stop(text):
    sys.stderr.write("error: %s\n" % text)
    sys.exit(1)

def pairs(node):
    return node.value if isinstance(node, yaml.MappingNode) else []

def read(text, path):
    try:
        return yaml.compose(text)
    except yaml.YAMLError as why:
        stop("%s cannot be read: %s" % (path, why))

def definitions(top):
    for key, network in pairs(top):
        if key.value == "network":
            for kind, all in pairs(network):
                if kind.value in KINDS:
                    for name, body in pairs(all):
                        yield key, network, kind, all, name, body

def device(kind, name, body, macs): # the NIC that it is, or None; a pattern for many ends this
    if kind.value != "ethernets":
        return name.value
    told = dict((k.value, v) for k, v in pairs(body))
    if "set-name" in told:
        return told["set-name"].value
    if "match" not in told:
        return name.value
    match = dict((k.value, v) for k, v in pairs(told["match"]))
    if "macaddress" in match:
        return macs.get(match["macaddress"].value.lower())
    patterns = match.get("name")
    patterns = patterns.value if isinstance(patterns, yaml.SequenceNode) else [patterns] if patterns else []
    for pattern in (p.value for p in patterns):
        for nic in macs.values():
            if nic == pattern:
                return nic
            if fnmatch.fnmatch(nic, pattern):
                stop("netplan sets %s by the pattern %s of %s, which is for several NICs and wins over what is said of one: name each NIC there instead" % (nic, pattern, name.value))
    return None

def last(node): # line of its last character
    inner = [last(part) for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else \
            [last(part) for part in node.value] if isinstance(node, yaml.SequenceNode) else []
    if isinstance(node, (yaml.MappingNode, yaml.SequenceNode)) and not node.flow_style and inner:
        return max(inner)
    end = node.end_mark
    return end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line

mode, rest = sys.argv[1], sys.argv[2:]
words = [w.partition("=") for w in rest if not w.startswith("/")]
macs = dict((mac.lower() or nic, nic) for nic, _, mac in words)
ours = set(nic for nic, _, _ in words)
if mode == "of":
    found = {}
    for path in (p for p in rest if p.startswith("/")):
        for _, _, kind, _, name, body in definitions(read(open(path).read(), path)):
            nic = device(kind, name, body, macs)
            if nic in ours:
                found[nic] = (kind.value, name.value)
    for nic in sorted(found):
        print("%s %s %s" % ((nic,) + found[nic]))
else:
    text = sys.stdin.read()
    top = read(text, "the file")
    gone, left = set(), {}
    for _, _, kind, _, name, body in definitions(top):
        mine = device(kind, name, body, macs) in ours
        drop = [(k, v) for k, v in pairs(body) if kind.value == "bridges" or k.value in ADDRESSES] if mine else []
        whole = mine and len(drop) == len(pairs(body))
        block = kind.start_mark.line < name.start_mark.line
        if whole and block:
            gone.update(range(name.start_mark.line, last(body) + 1))
        elif drop:
            if name.start_mark.line == drop[0][0].start_mark.line or not block:
                stop("%s stands on one line with its options: give each option of it a line of its own" % name.value)
            for k, v in drop:
                gone.update(range(k.start_mark.line, last(v) + 1))
        elif whole:
            stop("%s stands on one line with others: give it a line of its own" % name.value)
        left.setdefault(kind.start_mark.line, []).append(not whole)
    for key, network in pairs(top):
        if key.value == "network":
            empty = [k for k, v in pairs(network) if k.start_mark.line in left and not any(left[k.start_mark.line])]
            gone.update(k.start_mark.line for k in empty)
            if empty and len(empty) == len(pairs(network)):
                gone.add(key.start_mark.line)
    for number, line in enumerate(text.splitlines(True)):
        sys.stdout.write(("# cpmg: " if number in gone and line.strip() else "") + line)
'

_netplan_macs() { _net_ports | awk '{ print $2 }' | while read -r nic; do printf '%s=%s\n' "$nic" "$(_net_mac "$nic")"; done; }
_netplan_bridges() { _net_ports | awk '$6 != "-" { print $6 "=" }'; }
_netplan_others() { for _other in "$NETPLAN_D"/*.yaml; do case $_other in "$NETPLAN_D/90-cpmg.yaml" | *'*') ;; *) printf '%s\n' "$_other" ;; esac; done; }

_netplan_of() { # NIC: "KIND NAME" of it in netplan's files
    [ -n "${_netplan_known+x}" ] || _netplan_known=$(_netplan_names)
    printf '%s\n' "$_netplan_known" | awk -v nic="$1" '$1 == nic { kind = $2; name = $3 } END { print (kind ? kind : "ethernets"), (name ? name : nic) }'
}
_netplan_names() {
    set -- $(_netplan_others)
    [ $# = 0 ] || python3 -c "$_NETPLAN" of $(_netplan_macs) "$@"
}

_netplan_without() { python3 -c "$_NETPLAN" without $(_netplan_macs) $(_netplan_bridges); }

_netplan_addresses() { # TAG ADDRESS GATEWAY MTU ADDRESS6 GATEWAY6: of a device
    printf '      renderer: networkd\n      dhcp4: false\n      dhcp6: false\n      ignore-carrier: true\n'
    [ "$4" = - ] || printf '      mtu: %s\n' "$4"
    if [ "$2" = - ]; then
        printf '      optional: true\n' # the start of the node does not wait for it
        return 0
    fi
    printf '      addresses:\n        - "%s"\n' "$2"
    [ "$5" = - ] || printf '        - "%s"\n' "$5"
    [ "$3$6" != -- ] || return 0
    printf '      routes:\n'
    # A default route that is there already is stronger.
    [ "$3" = - ] || printf '        - to: "0.0.0.0/0"\n          via: "%s"\n          metric: 200\n' "$3"
    [ "$6" = - ] || printf '        - to: "::/0"\n          via: "%s"\n          metric: 2048\n' "$6"
}

netplan_written() {
    _netplan_known=$(_netplan_names) || return 1
    printf '# Made by cpmg from the network plan of the environment; changes are lost.\nnetwork:\n  version: 2\n'
    _last=''
    _net_ports | while read -r tag nic address gateway mtu bridge address6 gateway6; do
        [ "$bridge" = - ] || address=- gateway=- address6=- gateway6=-
        printf '%s %s %s %s %s %s %s %s %s\n' $(_netplan_of "$nic") "$tag" "$address" "$gateway" "$mtu" "${address6:--}" "${gateway6:--}"
    done | sort -s -k 1,1 | while read -r kind name tag address gateway mtu address6 gateway6; do
        [ "$kind" = "$_last" ] || printf '  %s:\n' "$kind"
        _last=$kind
        printf '    %s: # %s\n' "$name" "$tag"
        _netplan_addresses "$tag" "$address" "$gateway" "$mtu" "$address6" "$gateway6"
    done
    [ -n "$(_netplan_bridges)" ] || return 0
    printf '  bridges:\n'
    _net_ports | while read -r tag nic address gateway mtu bridge address6 gateway6; do
        [ "$bridge" != - ] || continue
        _of=$(_netplan_of "$nic")
        printf '    %s: # %s\n      interfaces: [%s]\n      parameters:\n        stp: false\n' "$bridge" "$tag" "${_of#* }"
        _netplan_addresses "$tag" "$address" "$gateway" "$mtu" "${address6:--}" "${gateway6:--}"
    done
}

netplan_good() { [ -e "$NETPLAN_D/90-cpmg.yaml" ] && netplan_written 2>/dev/null | cmp -s - "$NETPLAN_D/90-cpmg.yaml"; }

netplan_files() {
    (umask 077 && netplan_written >"$CPMG_ATTEMPT/netplan") || fail "the files in $NETPLAN_D do not go together with the network plan (see above)"
    for _other in $(_netplan_others); do
        if network_mentioned "$_other" || _netplan_names | awk '{ print $3 }' | grep -qwF -f - "$_other"; then
            file_edit "$_other" _netplan_without
            # cloud-init writes its file anew when it finds that the machine has changed.
            case $_other in *cloud-init*)
                [ ! -d /etc/cloud/cloud.cfg.d ] || printf '# Made by cpmg: the network is as netplan has it.\nnetwork: {config: disabled}\n' | file_write /etc/cloud/cloud.cfg.d/99-cpmg-network.cfg 0644 ;;
            esac
        fi
    done
    file_write "$NETPLAN_D/90-cpmg.yaml" 0600 <"$CPMG_ATTEMPT/netplan"
}

netplan_down() { :; }

netplan_up() {
    say "setting $*"
    netplan generate || network_take_back "netplan refuses the plan (see above)"
    if systemctl -q is-active systemd-networkd; then
        networkctl reload || network_take_back "systemd-networkd does not read its files"
        # Those that were set by hand, or by the same file before.
        for _device; do [ ! -e "/sys/class/net/$_device" ] || networkctl reconfigure "$_device" 2>/dev/null || :; done
    else
        say "starting systemd-networkd, as every start of the node does from now on"
        systemctl start systemd-networkd || network_take_back "systemd-networkd does not start"
    fi
    wait_for 30 _netplan_quietly_good || :
}
_netplan_quietly_good() { network_good >/dev/null; }

_netplan_settled() { # whether systemd-networkd has done what it does by itself
    for _device in $(network_devices); do
        [ ! -e "/sys/class/net/$_device" ] || ! networkctl --no-legend list "$_device" 2>/dev/null | grep -qE ' (pending|initialized|configuring) *$' || return 1
    done
}

netplan_booted() { netplan generate || say "netplan refuses its files: look at 'netplan generate' on $NODE_NAME"; } # was done before undo put the files back

netplan_back() {
    netplan generate || say "netplan refuses its files as they were before: look at 'netplan generate' on $NODE_NAME"
    if [ "$(cat "$CPMG_SAVED/network/networkd" 2>/dev/null)" != active ]; then
        say "stopping systemd-networkd"
        systemctl stop systemd-networkd.socket systemd-networkd.service 2>/dev/null || :
        return 0
    fi
    networkctl reload || say "systemd-networkd does not read its files"
    for _device in $(network_devices); do [ ! -e "/sys/class/net/$_device" ] || networkctl reconfigure "$_device" 2>/dev/null || :; done
    wait_for 30 _netplan_settled || say "systemd-networkd is not done after 30 s; addresses are put back without it"
}
