# shellcheck shell=sh
# The proof: signs of life of amphorae are listened for, the API names its providers, and lists load balancers from its database.
listens() { grep -q ':15B3 ' /proc/net/udp; } # 5555

amphorae() {
    ip -o -4 address show dev o-hm0 2>/dev/null | grep -qF " inet $MANAGEMENT_ADDRESS/" || fail "o-hm0 has not the address $MANAGEMENT_ADDRESS: look at 'journalctl -u octavia-interface' on $NODE_NAME"
    wait_for 60 listens || fail "nobody listens at port 5555 (UDP) for amphorae: look at /var/log/octavia/octavia-health-manager.log on $NODE_NAME"
}

run() {
    [ -z "$AMPHORAE" ] || amphorae
    cloud admin admin "$ADMIN_PASSWORD" '
providers = call("load-balancer", "GET", "/v2/lbaas/providers").json()["providers"]
balancers = call("load-balancer", "GET", "/v2/lbaas/loadbalancers").json()["loadbalancers"]
if not providers:
    fail("Octavia has no provider")
images = call("image", "GET", "/v2/images?tag=amphora").json()["images"]
print("Octavia answers: providers %s; %d load balancers; images of amphorae: %s" % (", ".join(p["name"] for p in providers), len(balancers), ", ".join(i["name"] for i in images) or "none, so no load balancer can be made"))
' || fail "Octavia on $CONTROLLER_NAME does not answer (see above). Look at the logs in /var/log/octavia there"
}
