# shellcheck shell=sh disable=SC2016,SC2154 # Python programs; variables come from other parts of the library
# Part of the library of steps: what a service of the cloud needs of the cloud itself: flavors, images, key pairs, security groups, networks, ports.
# objects_begin USER PROJECT PASSWORD (as whom they are made, and to whose project they belong), any of those below, then objects_apply: one Python
# process (lib/cloud.sh). What is there by its name stays as it is. Undo deletes what was made; the step's script defines identity_login, which
# calls objects_begin.

objects_begin() { _objects='' _objects_user=$1 _objects_project=$2 _objects_password=$3; }
_objects_add() { _line=$1; shift; for _word; do _line=$(printf '%s\t%s' "$_line" "$_word"); done; _objects=$(printf '%s\n%s' "$_objects" "$_line"); }
flavor_ensure() { _objects_add flavor "$@"; }    # NAME ID PROCESSORS MiB GiB: private
image_ensure() { _objects_add image "$@"; }      # NAME FILE TAG: private, qcow2
keypair_ensure() { _objects_add keypair "$@"; }  # NAME FILE: of the public key
group_ensure() { _objects_add group "$@"; }      # NAME: a security group
rule_ensure() { _objects_add rule "$@"; }        # GROUP PROTOCOL [PORT]: lets in from everywhere
network_ensure() { _objects_add network "$@"; }  # NAME
subnet_ensure() { _objects_add subnet "$@"; }    # NAME NETWORK CIDR FIRST LAST
port_ensure() { _objects_add port "$@"; }        # NAME NETWORK SUBNET ADDRESS GROUP OWNER HOST

_objects_do() { cloud "$_objects_user" "$_objects_project" "$_objects_password" "$_OBJECTS" "$_objects" "$@"; } # MODE [WORD...]
objects_apply() { _never "make objects of the cloud"; mkdir -p "$CPMG_SAVED"; _objects_do apply "$CPMG_SAVED/journal"; }
objects_good() { _objects_do look; }             # for check: there is nothing to do for objects_apply
object_show() { (_objects=''; _objects_do show "$@"); }  # KIND NAME FIELD: of a thing that is there; project: the login's own
objects_gone() { # KIND NAME...: called by undo_all
    identity_login
    (_objects=''; _objects_do gone "$@")
    mark_changed
}

_OBJECTS='
import os
objects, mode, *words = argv
wanted = [line.split("\t") for line in objects.splitlines() if line]
ADMIN = {"flavor": "/flavors/", "image": "/v2/images/", "keypair": "/os-keypairs/"}
KIND = {"flavor": "compute", "keypair": "compute", "image": "image"}
NETWORK = {"group": "security_group", "rule": "security_group_rule", "network": "network", "subnet": "subnet", "port": "port"}

def path(kind, last=""):
    return ADMIN.get(kind) or "/v2.0/%ss%s" % (NETWORK[kind].replace("_", "-"), last)

def one(kind, **query):
    query = urllib.parse.urlencode(dict(query, project_id=project))
    found = call("network", "GET", path(kind, "?" + query)).json()[NETWORK[kind] + "s"]
    return found[0] if found else None

def find(kind, name, *more):
    if kind == "project":
        return {"id": project}
    if kind == "flavor":
        found = [f for f in call("compute", "GET", "/flavors/detail?is_public=None").json()["flavors"] if f["name"] == name]
    elif kind == "image":
        found = call("image", "GET", "/v2/images?" + urllib.parse.urlencode({"name": name, "owner": project})).json()["images"]
        found = [i for i in found if i["status"] in ("active", "queued")]
    elif kind == "keypair":
        found = call("compute", "GET", "/os-keypairs/" + urllib.parse.quote(name), may_fail=(404,))
        return found.json()["keypair"] if found.status != 404 else None
    elif kind == "rule":
        group = one("group", name=name)
        if not group:
            return None
        low = int(more[1]) if len(more) > 1 and more[1] else None
        rules = call("network", "GET", path("rule", "?security_group_id=" + group["id"])).json()["security_group_rules"]
        found = [r for r in rules if r["direction"] == "ingress" and r["ethertype"] == "IPv4" and r["protocol"] == more[0] and r["port_range_min"] == low]
    else:
        return one(kind, name=name)
    return found[0] if found else None

def need(kind, name):
    return (find(kind, name) or fail("there is no %s %s" % (kind, name)))["id"]

def upload(there, file):
    with open(file, "rb") as data:
        size = str(os.fstat(data.fileno()).st_size)
        say("sending %s (%d MB) to the image service" % (file, int(size) >> 20))
        headers = {"Content-Type": "application/octet-stream", "Content-Length": size, "X-Auth-Token": token}
        request = urllib.request.Request(endpoint("image") + "/v2/images/%s/file" % there["id"], data, headers, method="PUT")
        try:
            opener.open(request, timeout=600)
        except OSError as error:
            fail("the image service did not take %s: %s" % (file, error))

def make(kind, name, *more):
    if kind == "flavor":
        number, cpus, memory, disk = more
        body = {"name": name, "id": number, "vcpus": int(cpus), "ram": int(memory), "disk": int(disk), "os-flavor-access:is_public": False}
        return call("compute", "POST", "/flavors", {"flavor": body}).json()["flavor"]
    if kind == "image":
        body = {"name": name, "disk_format": "qcow2", "container_format": "bare", "visibility": "private", "tags": [more[1]]}
        return call("image", "POST", "/v2/images", body).json()
    if kind == "keypair":
        with open(more[0]) as file:
            return call("compute", "POST", "/os-keypairs", {"keypair": {"name": name, "public_key": file.read().strip()}}).json()
    body = {"name": name}
    if kind == "rule":
        body = {"security_group_id": need("group", name), "direction": "ingress", "ethertype": "IPv4", "protocol": more[0]}
        if len(more) > 1 and more[1]:
            body.update(port_range_min=int(more[1]), port_range_max=int(more[1]))
    elif kind == "subnet":
        network, cidr, first, last = more
        body.update(network_id=need("network", network), ip_version=4, cidr=cidr, allocation_pools=[{"start": first, "end": last}])
    elif kind == "port":
        network, subnet, address, group, owner, host = more
        body.update(network_id=need("network", network), fixed_ips=[{"subnet_id": need("subnet", subnet), "ip_address": address}])
        body.update(security_groups=[need("group", group)], device_owner=owner, **{"binding:host_id": host})
    return call("network", "POST", path(kind), {NETWORK[kind]: body}).json()[NETWORK[kind]]

def gone(kind, name, *more):
    there = find(kind, name, *more)
    if there:
        last = name if kind == "keypair" else there["id"]
        call(KIND.get(kind, "network"), "DELETE", path(kind).rstrip("/") + "/" + urllib.parse.quote(last), may_fail=(404,))
        changed("deleted %s %s" % (kind, " ".join((name,) + more)))

if mode == "show":
    kind, name, field = words
    print((find(kind, name) or fail("there is no %s %s" % (kind, name)))[field])
elif mode == "gone":
    gone(*words)
for kind, name, *more in wanted:
    there = find(kind, name, *more)
    if there and (kind != "image" or there["status"] == "active"):
        continue
    if mode == "look":
        sys.exit(1)
    if not there:
        short_words = (name,) + tuple(more if kind == "rule" else ())
        with open(words[0], "a+") as journal:
            line = "call objects_gone %s %s\n" % (kind, " ".join(short_words))
            journal.seek(0)
            if line not in journal.readlines():
                journal.write(line)
        there = make(kind, name, *more)
        changed("made %s %s" % (kind, " ".join(short_words)))
    if kind == "image":
        upload(there, more[0])
        changed("image %s is complete" % name)
'
