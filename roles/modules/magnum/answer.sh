# shellcheck shell=sh
# The proof: the API lists clusters from its database, and a conductor reports as up.
run() {
    cloud admin admin "$ADMIN_PASSWORD" '
clusters = call("container-infra", "GET", "/clusters").json()["clusters"]
def up():
    return [s for s in call("container-infra", "GET", "/mservices").json()["mservices"] if s["state"] == "up"]
services = wait(120, up) or fail("no magnum-conductor reports as up")
print("Magnum answers: %s up; %d clusters" % (", ".join(s["binary"] for s in services), len(clusters)))
' || fail "Magnum on $CONTROLLER_NAME does not answer (see above). Look at the logs in /var/log/magnum there"
}
