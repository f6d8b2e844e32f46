# shellcheck shell=sh disable=SC2034,SC2317 # variables and functions are for the step's script
# Tests of roles/modules/network that need neither root nor a node: what is written for a plan, and who wins, the timer or the one who
# confirms. `sh tests/roles/network_test.sh`; any POSIX shell will do.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/roles/support/steps.sh
. "$here/tests/roles/support/steps.sh"
cat "$here/roles/modules/network/apply.sh" >>"$work/lib.sh"

INTERFACES=$work/f/interfaces INTERFACES_D=$work/f/interfaces.d NODE_ADDRESS=10.0.0.1
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
