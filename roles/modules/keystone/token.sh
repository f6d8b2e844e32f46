# shellcheck shell=sh
# The proof: a token with the administrator's password, over the network, as a client gets it; and nothing in the catalogue is there twice, which makes
# clients refuse (seed 001, lines 4430-4434).
PROGRAM='
seen = {}
for service in call("identity", "GET", "/services").json()["services"]:
    seen.setdefault("service of type %s" % service["type"], []).append(service["id"])
for end in call("identity", "GET", "/endpoints").json()["endpoints"]:
    seen.setdefault("%s endpoint in %s of service %s" % (end["interface"], end.get("region_id"), end["service_id"]), []).append(end["id"])
doubled = sorted("%s: %s" % (what, ", ".join(ids)) for what, ids in seen.items() if len(ids) > 1)
if doubled:
    fail("Keystone has more than one %s. Look which one is right and delete the other (openstack service delete ID, openstack endpoint delete ID)" % "; ".join(doubled))
'

run() {
    identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"
    identity_apply || fail "Keystone on $CONTROLLER_ADDRESS gives no token (see above). Look at $LOG there"
    cloud admin admin "$ADMIN_PASSWORD" "$PROGRAM"
}

undo() { :; }
