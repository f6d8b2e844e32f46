# shellcheck shell=sh
# Task "leave", on the first controller, after the node's agents were stopped: they are taken off the record.
PROGRAM='
names = {short(name) for name in argv}
def mine():
    return [a for a in call("network", "GET", "/v2.0/agents").json()["agents"] if short(a["host"]) in names]
for agent in mine():
    call("network", "DELETE", "/v2.0/agents/" + agent["id"], may_fail=(404,))
    changed("deleted %s of %s" % (agent["binary"], agent["host"]))
left = mine()
if left:
    fail("Neutron still knows %s: do they still run there?" % ", ".join("%s on %s" % (a["binary"], a["host"]) for a in left))
say("Neutron knows %s no more" % ", ".join(sorted(names)))
'

run() {
    # shellcheck disable=SC2046 # names
    cloud admin admin "$ADMIN_PASSWORD" "$PROGRAM" $(printf '%s\n' "$LEAVING" | awk 'NF { print $2 }')
}
