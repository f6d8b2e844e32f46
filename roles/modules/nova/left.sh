# shellcheck shell=sh
# Task "leave", on the first controller, after the node's agent was stopped: its service, and with it the hypervisor, the mapping to the cell
# and the resource provider, are taken off the record.
PROGRAM='
names = {short(name) for name in argv}
for service in call("compute", "GET", "/os-services?binary=nova-compute", version="2.53").json()["services"]:
    if short(service["host"]) in names:
        call("compute", "DELETE", "/os-services/" + service["id"], version="2.53", may_fail=(404,))
        changed("deleted the service nova-compute of " + service["host"])
for provider in call("placement", "GET", "/resource_providers").json()["resource_providers"]:
    if short(provider["name"]) in names:
        call("placement", "DELETE", "/resource_providers/" + provider["uuid"], may_fail=(404,))
        changed("deleted the resource provider " + provider["name"])
left = [s["host"] for s in call("compute", "GET", "/os-services?binary=nova-compute", version="2.53").json()["services"] if short(s["host"]) in names]
left += [h["hypervisor_hostname"] for h in call("compute", "GET", "/os-hypervisors").json()["hypervisors"] if short(h["hypervisor_hostname"]) in names]
if left:
    fail("Nova still knows %s: does nova-compute still run there?" % ", ".join(sorted(set(left))))
say("Nova and Placement know %s no more" % ", ".join(sorted(names)))
'

run() {
    # shellcheck disable=SC2046 # names
    cloud admin admin "$ADMIN_PASSWORD" "$PROGRAM" $(printf '%s\n' "$LEAVING" | awk 'NF { print $2 }')
}
