# shellcheck shell=sh
# Task "leave", on the first controller, before anything is done on the nodes of $LEAVING: no new instances come to them, and those that are there
# are named. With them the node stays, unless the operator said that they go ($LEAVING_INSTANCES is "delete").
PROGRAM='
policy, names = argv[0], {short(name) for name in argv[1:]}
services = [s for s in call("compute", "GET", "/os-services?binary=nova-compute", version="2.53").json()["services"] if short(s["host"]) in names]
fresh = [s for s in services if s["status"] == "enabled"]
def switch(service, status):
    body = {"status": status}
    if status == "disabled":
        body["disabled_reason"] = "cpmg takes the node out"
    call("compute", "PUT", "/os-services/" + service["id"], body, version="2.53")
def instances():
    found = []
    for service in services:
        query = urllib.parse.urlencode({"all_tenants": 1, "host": service["host"]})
        found += [(service["host"], s) for s in call("compute", "GET", "/servers/detail?" + query).json()["servers"]]
    return found
for service in fresh:
    switch(service, "disabled")
    changed("%s: no new instances from now on" % service["host"])
there = instances()
for host, server in there:
    say("on %s: instance %s (%s), %s" % (host, server["name"], server["id"], server["status"]))
if there and policy != "delete":
    for service in fresh:
        switch(service, "enabled")
    fail("%d instances are on it (see above): move them (openstack server migrate --live-migration), delete them, or remove the node with "
        "--delete-instances, which deletes them. The node takes new instances again" % len(there))
for host, server in there:
    call("compute", "DELETE", "/servers/" + server["id"], may_fail=(404,))
    changed("deleted instance %s" % server["name"])
for _ in range(120):
    if not there:
        break
    time.sleep(1)
    there = instances()
if there:
    fail("not gone after two minutes: " + ", ".join(server["name"] for _, server in there))
'

run() {
    # shellcheck disable=SC2046 # names
    cloud admin admin "$ADMIN_PASSWORD" "$PROGRAM" "$LEAVING_INSTANCES" $(printf '%s\n' "$LEAVING" | awk 'NF { print $2 }')
}
