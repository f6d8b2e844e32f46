#!/bin/bash
# Debian 13: a controller and two compute nodes with Open vSwitch, proven; controller and one compute node are rebooted, proven again.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/e2e/long/lib.sh
. "$here/lib.sh"

[ -e "$PROJECT/roles/platforms/debian-13-epoxy.toml" ] || bad 'there is no platform debian-13-epoxy'
lab up 3 --names ctl1,cmp1,cmp2 --release trixie
begin debian-13-epoxy
cpmg env set prod --modules neutron,horizon
adopt ctl1 controller
adopt cmp1 compute
adopt cmp2 compute
plan_networks
image=$("$PROJECT/tests/lab/image")
install 'controller and two compute nodes'
versions ctl1 keystone glance-api nova-api neutron-server openvswitch-switch
cpmg prove prod --image "$image" || bad 'the proof of the cloud failed'
unchanged
lab reboot ctl1
lab reboot cmp1
began=$SECONDS
until cpmg prove prod --image "$image"; do
    [ $((SECONDS - began)) -lt 1800 ] || bad 'the cloud does not come back half an hour after a reboot of controller and compute node'
done
seen "proof after a reboot of controller and compute node: good $((SECONDS - began)) s after it"

# Rungs that are red on purpose: it must be said why.
lab exec cmp1 systemctl stop nova-compute
red 'nova-compute stopped' 'nova-compute is inactive'
lab exec cmp1 systemctl start nova-compute
lab exec ctl1 systemctl kill --kill-whom=all --signal=STOP neutron-api
red "Neutron's API hanging" 'network does not answer'
lab exec ctl1 systemctl kill --kill-whom=all --signal=CONT neutron-api
