# shellcheck shell=sh
# Task "leave", on the first controller, after the node's agents were stopped: they are taken off the record.
PROGRAM='
names = {short(name) for name in words}
def mine():
    return [a for a in call("GET", "network", "/v2.0/agents")["agents"] if short(a["host"]) in names]
for agent in mine():
    call("DELETE", "network", "/v2.0/agents/" + agent["id"], may_fail=(404,))
    changed("deleted %s of %s" % (agent["binary"], agent["host"]))
left = mine()
if left:
    stop("Neutron still knows %s: do they still run there?" % ", ".join("%s on %s" % (a["binary"], a["host"]) for a in left))
say("Neutron knows %s no more" % ", ".join(sorted(names)))
'

run() {
    identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"
    # shellcheck disable=SC2046 # names
    cloud_python "$PROGRAM" $(printf '%s\n' "$LEAVING" | awk 'NF { print $2 }')
}
