# shellcheck shell=sh
# Task "self-service-off", on the first controller, before anything is done.
PROGRAM='
answer = call("network", "GET", "/v2.0/routers", may_fail=(404,)) # without the service of routers there is no such address
routers = answer.json()["routers"] if answer.status == 200 else []
networks = call("network", "GET", "/v2.0/networks?" + urllib.parse.urlencode({"provider:network_type": "vxlan"})).json()["networks"]
there = ["router %s (%s)" % (r["name"], r["id"]) for r in routers] + ["network %s (%s)" % (n["name"], n["id"]) for n in networks]
if there:
    fail("there are self-service networks or routers: %s. Delete them first" % ", ".join(there))
say("there are no self-service networks and no routers")
'

run() {
    cloud admin admin "$ADMIN_PASSWORD" "$PROGRAM"
}
