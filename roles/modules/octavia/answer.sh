# shellcheck shell=sh
# The proof: the API names its providers, and lists load balancers from its database.
run() {
    cloud admin admin "$ADMIN_PASSWORD" '
providers = call("load-balancer", "GET", "/v2/lbaas/providers").json()["providers"]
balancers = call("load-balancer", "GET", "/v2/lbaas/loadbalancers").json()["loadbalancers"]
if not providers:
    fail("Octavia has no provider")
print("Octavia answers: providers %s; %d load balancers" % (", ".join(p["name"] for p in providers), len(balancers)))
' || fail "Octavia on $CONTROLLER_NAME does not answer (see above). Look at the logs in /var/log/octavia there"
}
