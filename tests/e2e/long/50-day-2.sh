#!/bin/bash
# The tasks of day 2 on a cloud of one controller and one compute node: the controller runs instances as well and no longer, self-service networks go and
# come, images move to the compute node and back, a further flat network on a NIC of its own comes and goes. After each the proof of the cloud, or what
# the task is about, is looked at; what was taken back leaves an installation nothing to do.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/e2e/long/lib.sh
. "$here/lib.sh"

lab up 2 --names ctl1,cmp1
flat_nics() { # a NIC flat0 for each node, on a bridge of our own
    local number=0 node pid
    ip link add cpmg-day2 type bridge
    ip link set cpmg-day2 up
    for node in ctl1 cmp1; do
        number=$((number + 1))
        pid=$(cut -d' ' -f1 "${CPMG_LAB_RUN:-/run/cpmg-lab}/$NAME/nodes/$node/leader")
        ip link add "cpmg-day2-$number" type veth peer name flat0 netns "/proc/$pid/ns/net"
        ip link set "cpmg-day2-$number" master cpmg-day2 up
    done
}
flat_nics
trap 'status=$?; ip link delete cpmg-day2 2>/dev/null; (exit $status); end' EXIT

begin debian-12-zed
cpmg env set prod --modules neutron,horizon
adopt ctl1 controller
adopt cmp1 compute
plan_networks
install 'one controller, one compute node'
image=$("$PROJECT/tests/lab/image")
proof() { cpmg prove prod --image "$image" || bad "the proof of the cloud failed $1"; }
proof 'before any task'

task() { # WHAT WORD...
    local began=$SECONDS what=$1; shift
    cpmg task "$@" --yes --follow || bad "$what did not succeed"
    seen "$what: $((SECONDS - began)) s, $(job changed) steps changed"
}
back() { # WHAT: the newest job is taken back
    local began=$SECONDS
    cpmg job undo "$(job id)" --all --yes --follow || bad "$1 was not taken back"
    seen "$1 taken back: $((SECONDS - began)) s"
}
neutron_conf() { lab exec ctl1 grep -E "^$1" /etc/neutron/neutron.conf /etc/neutron/plugins/ml2/ml2_conf.ini; }

task 'flat network' flat-network prod net172 --nic flat0
neutron_conf flat_networks | grep -q 'provider,net172' || bad 'Neutron does not know net172'
[ "$(lab exec cmp1 cat /sys/class/net/flat0/operstate)" = up ] || bad 'flat0 is down'
proof 'with a further flat network'
back 'flat network'

task 'self-service networks off' self-service prod off
! lab exec ctl1 systemctl -q is-active neutron-l3-agent || bad 'the router agent runs without self-service networks'
back 'self-service networks off'
proof 'with self-service networks again'

task 'images to the compute node' images prod cmp1
! lab exec ctl1 systemctl -q is-active glance-api || bad 'Glance still runs on the controller'
proof 'with images on the compute node'
back 'images to the compute node'
lab exec cmp1 sh -c '! dpkg -s glance-api >/dev/null 2>&1' || bad 'Glance is still on the compute node'
proof 'with images on the controller again'

task 'controller as compute node' compute prod ctl1
proof 'with instances on the controller'
back 'controller as compute node'
proof 'with no instances on the controller'
unchanged
