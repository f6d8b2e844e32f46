# shellcheck shell=sh disable=SC2016,SC2034,SC2154,SC2317 # scripts are written; variables are for the steps and come from support/steps.sh; functions are called by the steps
# Tests of the steps that take disks, and of Open vSwitch's bridges, that need neither root nor a disk: `sh tests/roles/disks_test.sh`. LVM, Swift's and
# Open vSwitch's commands are played; the real ones are tried in the lab.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/roles/support/steps.sh
. "$here/tests/roles/support/steps.sh"

asked() { [ ! -e "$work/asked" ] || tr '\n' ' ' <"$work/asked"; rm -f "$work/asked"; }
told() { if grep -q "$1" "$work/out"; then echo yes; else echo no; fi; }

# ---------------------------------------------------------------- Cinder's volume groups

groups() { # FUNCTION WORD...
    # shellcheck source=/dev/null
    . "$here/roles/modules/cinder/groups.sh"
    for tool in pvs pvremove vgreduce vgremove vgs; do eval "$tool() { echo $tool \"\$*\" >>\"$work/asked\"; }"; done
    lvs() { cat "$work/volumes"; }
    wipefs() { cat "$work/signatures"; }
    "$@"
}
fresh
mkdir -p "$CPMG_SAVED"
echo 'call free cinder-volumes /dev/sdb' >"$CPMG_SAVED/journal"
printf '  cinder-volumes-pool\n  volume-1\n' >"$work/volumes"
step groups undo
equal 'a group with volumes is not taken apart' '1 ' "$rc $(asked)"
equal 'which are named' yes "$(told 'in cinder-volumes on node: volume-1\.')"
printf '  cinder-volumes-pool\n  cpmg-proof\n' >"$work/volumes"
step groups undo
equal 'what Cinder and the proof have made there does not count' '0 yes' "$rc $(case $(asked) in *'vgremove -q -f cinder-volumes'*) echo yes ;; esac)"

fresh
mkdir -p "$CPMG_SAVED"
echo 'sdb 0x218 LVM2_member' >"$work/signatures"
step groups foreign cinder-volumes /dev/sdb
equal 'somebody else'"'"'s volume group is in the way' yes "$(told LVM2)"
echo 'call free cinder-volumes /dev/sdb' >"$CPMG_SAVED/journal"
step groups foreign cinder-volumes /dev/sdb
equal 'what a killed attempt has begun is not' '0 no' "$rc $(told LVM2)"
echo 'sdb 0x0 xfs' >"$work/signatures"
step groups foreign cinder-volumes /dev/sdb
equal 'a file system is, all the same' yes "$(told xfs)"

# ---------------------------------------------------------------- Swift's disks and rings

devices() { # FUNCTION WORD...
    # shellcheck source=/dev/null
    . "$here/roles/modules/swift/devices.sh"
    umount() { echo umount >>"$work/asked"; }
    wipefs() { echo wipefs >>"$work/asked"; }
    "$@"
}
fresh
mkdir -p "$CPMG_SAVED" "$work/f/sdb/objects/1"
printf 'call wipe /dev/none\ncall unmount %s\n' "$work/f/sdb" >"$CPMG_SAVED/journal"
echo text >"$work/f/sdb/objects/1/1.data"
step devices undo
equal 'a disk with objects is not wiped' '1 ' "$rc $(asked)"
equal 'and it is told where' yes "$(told "objects on $work/f/sdb")"
mv "$work/f/sdb/objects/1/1.data" "$work/f/sdb/objects/1/1.ts"
step devices undo
equal 'one with none is' '0 wipefs ' "$rc $(asked)"
step devices wipe "$(awk '$2 == "/proc" { print $1; exit }' /proc/mounts)"
equal 'what is mounted is not' '1 ' "$rc $(asked)"

rings() { # FUNCTION WORD...: with the ring that $work/ring tells
    # shellcheck source=/dev/null
    . "$here/roles/modules/swift/rings.sh"
    now() { cat "$work/ring"; }
    "$@"
}
fresh
DISKS='sdb sdc' FOLDERS='' CPMG_FILES=$work/f REPLICAS=3
printf '10.0.0.2 two\n10.0.0.3 three\n' >"$work/f/holders"
: >"$work/ring"
step rings zoned object
equal 'each node is a zone' '1 10.0.0.2 sdb,1 10.0.0.2 sdc,2 10.0.0.3 sdb,2 10.0.0.3 sdc,' "$(tr '\n' ',' <"$work/out")"
step rings replicas
equal 'with more devices than copies' 3 "$(cat "$work/out")"
printf '2 10.0.0.3 sdb\n3 10.0.0.4 sdb\n' >"$work/ring"
printf '10.0.0.3 three\n10.0.0.4 four\n10.0.0.5 five\n' >"$work/f/holders"
DISKS=sdb
step rings zoned object
equal 'a node that stays keeps its zone, a new one has its own' '1 10.0.0.5 sdb,2 10.0.0.3 sdb,3 10.0.0.4 sdb,' "$(tr '\n' ',' <"$work/out")"

common() { # KEY: what stands in swift.conf, and what Swift reads there
    FOLDER=$work/f SAMPLES=yes SWIFT_HASH_SUFFIX='a%b' SWIFT_HASH_PREFIX=c
    # shellcheck source=/dev/null
    . "$here/roles/modules/swift/common.sh"
    run
    python3 -c '
import configparser, sys
conf = configparser.ConfigParser()
conf.read(sys.argv[1])
print(conf.get("swift-hash", "swift_hash_path_suffix"))' "$CONF"
}
fresh
printf '[swift-hash]\nswift_hash_path_suffix = changeme\n' >"$work/f/swift.conf"
step common
equal 'Swift reads the hash that the account has' 'a%b' "$(tail -n 1 "$work/out")"
step common
equal 'a second time nothing is written' '0 unchanged' "$rc $outcome"

# ---------------------------------------------------------------- Open vSwitch's bridges

mkdir "$work/bin"
printf '#!/bin/sh\n[ "$1" != list-ports ] || printf "lo\\neth9\\nphy-br-lab\\n"\n' >"$work/bin/ovs-vsctl"
chmod 755 "$work/bin/ovs-vsctl"
PATH=$work/bin:$PATH
switch() { # FUNCTION WORD...
    # shellcheck source=/dev/null
    . "$here/roles/modules/neutron/openvswitch.sh"
    "$@"
}
fresh
FLAT_NETWORKS='lab:eth9'
step switch strangers
equal 'a NIC that a flat network no longer has is found, an agent'"'"'s port is not' 'br-lab lo' "$(cat "$work/out")"
FLAT_NETWORKS=''
step switch flat_bridges
equal 'no bridges of no networks' '0 ' "$rc $(cat "$work/out")"
FLAT_NETWORKS='lab:eth9 dmz:eth8'
step switch flat_bridges
equal 'bridges of flat networks' 'br-lab br-dmz ' "$(tr '\n' ' ' <"$work/out")"

finish
