# shellcheck shell=sh
# Task "leave", on the first controller, after the node's agent was stopped: its service, and with it the hypervisor, the mapping to the cell
# and the resource provider, are taken off the record.
PROGRAM='
names = {short(name) for name in words}
for service in call("GET", "compute", "/os-services?binary=nova-compute", version="2.53")["services"]:
    if short(service["host"]) in names:
        call("DELETE", "compute", "/os-services/" + service["id"], version="2.53", may_fail=(404,))
        changed("deleted the service nova-compute of " + service["host"])
for provider in call("GET", "placement", "/resource_providers")["resource_providers"]:
    if short(provider["name"]) in names:
        call("DELETE", "placement", "/resource_providers/" + provider["uuid"], may_fail=(404,))
        changed("deleted the resource provider " + provider["name"])
left = [s["host"] for s in call("GET", "compute", "/os-services?binary=nova-compute", version="2.53")["services"] if short(s["host"]) in names]
left += [h["hypervisor_hostname"] for h in call("GET", "compute", "/os-hypervisors")["hypervisors"] if short(h["hypervisor_hostname"]) in names]
if left:
    stop("Nova still knows %s: does nova-compute still run there?" % ", ".join(sorted(set(left))))
say("Nova and Placement know %s no more" % ", ".join(sorted(names)))
'

run() {
    identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"
    # shellcheck disable=SC2046 # names
    cloud_python "$PROGRAM" $(printf '%s\n' "$LEAVING" | awk 'NF { print $2 }')
}
