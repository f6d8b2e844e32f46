#!/bin/bash
# One node that is controller, compute and storage at once, with everything that Debian 12 has, volumes and their backups on a
# share; then a second installation, a dry run, and the undoing of the whole environment.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/e2e/long/lib.sh
. "$here/lib.sh"

image=$("$PROJECT/tests/lab/image")
# In a hurry the core's packages may lie there already; they stay when all is undone.
lab up 1 --names all1 ${CPMG_LONG_LAYER:+--packages "$(core_packages debian-12-zed)"}
# This machine's kernel has no NFS: the mount program of the node binds a folder of the same name instead. Cinder and Nova do
# not notice, for they call mount(8), which calls it.
lab exec all1 sh -c 'mkdir -p /srv/export && chmod 1777 /srv/export && dpkg-divert --local --rename --quiet --add /sbin/mount.nfs && cat >/sbin/mount.nfs && chmod 0755 /sbin/mount.nfs' \
    <"$here/mount.nfs"

mkdir -p "$WORK/roles/platforms"
sed '/^\[module\.cinder\]/a NFS_SHARES = "all1:/srv/export"\nBACKUP = "/var/lib/cinder-backups"' \
    "$PROJECT/roles/platforms/debian-12-zed.toml" >"$WORK/roles/platforms/debian-12-zed.toml"
begin debian-12-zed
cpmg env set prod --modules "$(modules_of debian-12-zed)"
adopt all1 controller compute storage
plan_networks
census all1 >"$WORK/before"

install 'all-in-one, every module'
cpmg job output "$(job id)" all1 cinder/volume
versions all1 keystone glance-api nova-api neutron-server cinder-api swift-proxy heat-api barbican-api octavia-api magnum-api etcd-server
cpmg prove prod --image "$image" || bad 'the proof of the cloud failed'
seen 'proof of the cloud, with a volume attached: good'

lab exec all1 systemctl stop nova-compute
red 'nova-compute stopped' 'nova-compute is inactive'
lab exec all1 systemctl start nova-compute
lab exec all1 sh -c 'systemctl kill --kill-whom=all --signal=STOP neutron-api'
red "Neutron's API hanging" 'network does not answer'
lab exec all1 sh -c 'systemctl kill --kill-whom=all --signal=CONT neutron-api'
# A disk with the mark of one that boots, and nothing to boot.
head -c 4M /dev/zero >"$WORK/empty.img"
printf '\125\252' | dd of="$WORK/empty.img" bs=1 seek=510 conv=notrunc status=none
chmod 644 "$WORK/empty.img"
red 'an image that does not boot' 'guessed that the image does not boot' --image "$WORK/empty.img"
cpmg prove prod --image "$image" || bad 'the proof after the red ones failed'

# shellcheck disable=SC2016 # for the node's shell
seen "memory: $(lab exec all1 sh -c 'cat /proc/[0-9]*/smaps_rollup 2>/dev/null' | awk '/^Pss:/ { sum += $2 } END { printf "%d MiB", sum / 1024 }')"
unchanged

began=$SECONDS
install 'the installation to undo' # a look cannot be undone
cpmg job undo "$(job id)" --all --yes --follow || :
seen "undo of the whole environment: $((SECONDS - began)) s"
left=$(left_on all1 "$WORK/before")
[ -z "$left" ] || { printf '%s\n' "$left" | head -n 200; bad "undo left $(printf '%s\n' "$left" | wc -l) differences that nothing justifies"; }
seen 'nothing is left but what tests/e2e/left.tsv names'
