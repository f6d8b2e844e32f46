# shellcheck shell=sh disable=SC2034,SC2317 # variables and functions are for the step's script
# Tests of roles/modules/network that need neither root nor a node: what is written for a plan, and who wins, the timer or the one who
# confirms. `sh tests/roles/network_test.sh`; any POSIX shell will do.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/roles/support/steps.sh
. "$here/tests/roles/support/steps.sh"
cat "$here/roles/modules/network/apply.sh" >>"$work/lib.sh"

INTERFACES=$work/f/interfaces INTERFACES_D=$work/f/interfaces.d NODE_ADDRESS=10.0.0.1
RESOLV_CONF=$work/f/resolv.conf RESOLVED_D=$work/f/resolved.conf.d NET_NAMES=''
NETWORK_PORTS='public eth0 10.1.0.5/24 10.1.0.1 - br-ex
cluster eth1 10.2.0.5/24 - 9000 -
br-vlan eth2 - - - br-vlan'
fresh
mkdir "$work/saved" "$INTERFACES_D"
printf '# mine\nauto lo eth1 eth10\niface lo inet loopback\n\nallow-hotplug eth1\niface eth1 inet dhcp\n    # why\n    up true\niface eth10 inet dhcp\n    up true\n' >"$INTERFACES"
printf 'auto eth2\niface eth2 inet6 auto\n' >"$INTERFACES_D/other"
printf 'iface eth22 inet dhcp\n' >"$INTERFACES_D/stranger"
cp -R "$work/f" "$work/before"
step files
equal 'stanzas of our NICs go out of force, the others stay' "# mine
# cpmg: auto lo eth1 eth10
auto lo eth10
iface lo inet loopback

# cpmg: allow-hotplug eth1
# cpmg: iface eth1 inet dhcp
    # why
# cpmg:     up true
iface eth10 inet dhcp
    up true
source $INTERFACES_D/*" "$(cat "$INTERFACES")"
equal 'in other files, too' '# cpmg: auto eth2
# cpmg: iface eth2 inet6 auto' "$(cat "$INTERFACES_D/other")"
equal 'but not in those of strangers' 'iface eth22 inet dhcp' "$(cat "$INTERFACES_D/stranger")"
equal 'what is written' '
# public
auto eth0
iface eth0 inet manual
    up ip link set dev eth0 up
auto br-ex
iface br-ex inet static
    address 10.1.0.5/24
    pre-up ip link show dev br-ex >/dev/null 2>&1 || ip link add name br-ex type bridge
    pre-up ip link set dev eth0 master br-ex
    post-down ip link delete dev br-ex type bridge
    up ip link set dev br-ex up
    up ip -4 route replace default via 10.1.0.1 dev br-ex metric 200

# cluster
auto eth1
iface eth1 inet static
    address 10.2.0.5/24
    pre-up ip -4 address delete 10.2.0.5/24 dev eth1 2>/dev/null || true
    up ip link set dev eth1 mtu 9000 up

# br-vlan
auto eth2
iface eth2 inet manual
    up ip link set dev eth2 up
auto br-vlan
iface br-vlan inet manual
    pre-up ip link show dev br-vlan >/dev/null 2>&1 || ip link add name br-vlan type bridge
    pre-up ip link set dev eth2 master br-vlan
    post-down ip link delete dev br-vlan type bridge
    up ip link set dev br-vlan up' "$(sed 1d "$INTERFACES_D/cpmg")"
step files
equal 'a second time changes nothing' unchanged "$outcome"
step undo_all
equal 'undo puts everything back' '' "$(diff -r "$work/before" "$work/f" 2>&1)"

# IPv6 beside it, and name servers, however the node keeps them.
ports=$NETWORK_PORTS
NETWORK_PORTS='public eth0 10.1.0.5/24 - - br-ex fd00:1::5/64 fe80::1
cluster eth1 10.2.0.5/24 - - - fd00:2::5/64 -'
NET_NAMES='10.2.0.53 fd00:2::53'
printf 'search lab\nnameserver 192.0.2.1\n  nameserver 192.0.2.2\noptions timeout:1\n' >"$RESOLV_CONF"
rm -rf "$work/before" "$work/saved"/* && cp -R "$work/f" "$work/before"
step files
equal 'IPv6 is written' 'iface br-ex inet6 static
    address fd00:1::5/64
    dad-attempts 0
    up ip -6 route replace default via fe80::1 dev br-ex metric 2048
iface eth1 inet6 static
    address fd00:2::5/64
    dad-attempts 0' "$(grep -A3 inet6 "$INTERFACES_D/cpmg" | grep -vE '^(--|$|#)')"
equal 'name servers replace those of the file' 'nameserver 10.2.0.53
nameserver fd00:2::53
search lab
options timeout:1' "$(cat "$RESOLV_CONF")"
step _names_good
equal 'and are good then' 0 "$rc"
step files
equal 'a second time changes nothing' unchanged "$outcome"
step undo_all
equal 'undo puts the list back' '' "$(diff -r "$work/before" "$work/f" 2>&1)"
mkdir -p "$work/systemd/resolve" "$work/run/resolvconf" "$RESOLVED_D"
printf 'nameserver 127.0.0.53\n' >"$work/systemd/resolve/stub-resolv.conf"
ln -sf "$work/systemd/resolve/stub-resolv.conf" "$RESOLV_CONF"
rm -rf "$work/saved"/*
step files
equal 'systemd-resolved is told in its own file' 'DNS=10.2.0.53 fd00:2::53' "$(sed -n '/^DNS/p' "$RESOLVED_D/cpmg.conf")"
equal 'its stub stays' 'nameserver 127.0.0.53' "$(cat "$RESOLV_CONF")"
step undo_all
equal 'undo takes that back' no "$([ -e "$RESOLVED_D/cpmg.conf" ] && echo yes || echo no)"
: >"$work/run/resolvconf/resolv.conf"
ln -sf "$work/run/resolvconf/resolv.conf" "$RESOLV_CONF"
rm -rf "$work/saved"/*
step files
equal 'resolvconf takes them from the first stanza' '    dns-nameservers 10.2.0.53 fd00:2::53' "$(grep dns- "$INTERFACES_D/cpmg")"
step undo_all
NETWORK_PORTS=$ports NET_NAMES=''

# One rename decides.
state=$work/network
armed() { rm -rf "$state" && mkdir "$state" && printf 'token 60 1\n' >"$state/armed"; }
armed
step network_disarm
equal 'whoever confirms first takes it' '0 held' "$rc $(ls "$state")"
step network_disarm
equal 'and nobody after' 1 "$rc"
mkdir -p "$state"
printf 'timer 60 0\n' >"$state/reverted"
printf 'putting eth1 back\n' >"$state/log"
step network_told
case $rc:$(cat "$work/out") in
    1:*'taken back: putting eth1 back'*'did not reach node at 10.0.0.1 over a new connection within 60 s'*) told=yes ;;
    *) told=$(cat "$work/out") ;;
esac
equal 'what was taken back is told in words' yes "$told"
NETWORK_PORTS=''
step check
equal 'without a plan nothing is done' '0 the environment has no network plan: this node'\''s network stays as it is' "$rc $(cat "$work/out")"
finish
