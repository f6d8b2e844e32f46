# shellcheck shell=sh
# Task "self-service-on", on the first controller, at the end: a network that nobody gave a type, and a router, can be made. Both go again.
PROGRAM='
made = call("network", "POST", "/v2.0/networks", {"network": {"name": "cpmg-self-service", "admin_state_up": False}}).json()["network"]
kind = made.get("provider:network_type")
call("network", "DELETE", "/v2.0/networks/" + made["id"])
if kind != argv[0].split(",")[0]:
    fail("a network of no given type became %s instead of %s: what do options of your own say in [ml2]?" % (kind, argv[0]))
made = call("network", "POST", "/v2.0/routers", {"router": {"name": "cpmg-self-service", "admin_state_up": False}}).json()["router"]
call("network", "DELETE", "/v2.0/routers/" + made["id"])
say("Neutron makes networks of type %s, and routers" % kind)
'

run() {
    cloud admin admin "$ADMIN_PASSWORD" "$PROGRAM" "$TENANT_NETWORK_TYPES"
}
