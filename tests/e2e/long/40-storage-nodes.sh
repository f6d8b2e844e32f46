#!/bin/bash
# A controller and two storage nodes. Swift with a disk (XFS, each a file behind a loop device) on each: objects can still be read when one node
# is cut off. Then volumes by LVM, which this kernel cannot make: the step that tries one says so before anything is served by it, and its undo
# gives the disks back.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/e2e/long/lib.sh
. "$here/lib.sh"

# One number for each device on this machine, which all nodes share; on a node it has a name as disks have.
DEVICES=$(for n in $(seq 70 99); do losetup "/dev/loop$n" >/dev/null 2>&1 || echo "$n"; done | head -4)
disk() { # NODE NAME SIZE NUMBER
    lab exec "$1" sh -c "truncate -s $3 /var/tmp/$2.img && mknod -m 600 /dev/$2 b 7 $4 && losetup /dev/$2 /var/tmp/$2.img"
}
free_disks() { # also when the nodes are gone already
    local number
    for number in $DEVICES; do
        [ -e "/dev/loop$number" ] || mknod -m 600 "/dev/loop$number" b 7 "$number"
        ! losetup "/dev/loop$number" 2>/dev/null | grep -q '/var/tmp/sd[bc]\.img' || losetup -d "/dev/loop$number" || :
    done
}
object() { # PUT|GET|DELETE: an object by the API, as the administrator; exits 0 if it is what it was
    # shellcheck disable=SC2016 # Python
    cpmg account reveal prod ADMIN_PASSWORD | lab exec ctl1 python3 -c '
import json, sys, urllib.request as web
password, verb = sys.stdin.readline().rstrip("\n"), sys.argv[1]
who = {"name": "admin", "domain": {"id": "default"}, "password": password}
login = {"auth": {"identity": {"methods": ["password"], "password": {"user": who}}, "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}}
answer = web.urlopen(web.Request("http://ctl1:5000/v3/auth/tokens", json.dumps(login).encode(), {"Content-Type": "application/json"}))
ends = [e["url"] for s in json.load(answer)["token"]["catalog"] if s["type"] == "object-store" for e in s["endpoints"] if e["interface"] == "public"]
head = {"X-Auth-Token": answer.headers["X-Subject-Token"]}
text = b"kept " * 20000
def ask(verb, path, body=None):
    return web.urlopen(web.Request(ends[0] + path, body, head, method=verb), timeout=120).read()
if verb == "PUT":
    ask("PUT", "/kept")
for n in range(20):
    got = ask(verb, "/kept/%d" % n, text if verb == "PUT" else None)
    if verb == "GET" and got != text:
        sys.exit("object %d is not what it was" % n)
' "$1"
}

mkdir -p "$WORK/roles/platforms"
sed '/^\[module\.swift\]/a DISKS = "sdb"
/^\[module\.cinder\]/a VOLUME_DISKS = "sdc"' "$PROJECT/roles/platforms/debian-12-zed.toml" >"$WORK/roles/platforms/debian-12-zed.toml"
lab up 3 --names ctl1,sto1,sto2 --packages "$(core_packages debian-12-zed)" # not what this part is about
trap 'status=$?; free_disks; (exit $status); end' EXIT
# shellcheck disable=SC2086 # numbers
set -- $DEVICES
disk sto1 sdb 1G "$1"
disk sto2 sdb 1G "$2"
disk sto1 sdc 64M "$3"
disk sto2 sdc 64M "$4"

begin debian-12-zed
cpmg env set prod --modules swift
adopt ctl1 controller
adopt sto1 storage
adopt sto2 storage
plan_networks
install 'Swift on two storage nodes'
versions sto1 swift-object xfsprogs
object PUT
for node in sto1 sto2; do
    count=$(lab exec "$node" sh -c 'find /srv/node/sdb/objects -name "*.data" | wc -l')
    [ "$count" -gt 0 ] || bad "no object came to $node"
    seen "$node keeps $count copies of 20 objects, on XFS"
done
lab cut sto1
object GET || bad 'objects cannot be read when one of two nodes is cut off'
seen 'with one storage node cut off all objects are read'
lab mend sto1
unchanged

cpmg env set prod --modules swift,cinder
if cpmg install prod --follow --reason 'the wires are as they were'; then bad 'Cinder was installed with LVM, on a kernel without device mapper'; fi
said=$(cpmg job output "$(job id)" sto1 cinder/groups)
printf '%s\n' "$said" | grep -q 'no volume can be made in cinder-volumes.*device mapper' || bad "the step does not say what is missing: $said"
seen "LVM: $(printf '%s\n' "$said" | grep 'no volume can be made' | tail -n 1)"
object DELETE || bad 'the objects could not be deleted' # with them Swift's disks would stay as they are
cpmg job undo "$(job id)" --all --yes --follow || bad 'what the failed installation made could not be undone'
for node in sto1 sto2; do
    [ -z "$(lab exec "$node" wipefs --noheadings /dev/sdc)" ] || bad "the disk of $node was not given back"
done
seen 'LVM: undone, the disks are empty again'
