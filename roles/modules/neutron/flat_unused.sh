# shellcheck shell=sh
# Task "remove-flat", on the first controller, before anything is done.
PROGRAM='
query = urllib.parse.urlencode({"provider:physical_network": argv[0]})
there = call("network", "GET", "/v2.0/networks?" + query).json()["networks"]
if there:
    fail("%s carries the network %s: delete it first" % (argv[0], ", ".join(sorted("%s (%s)" % (n["name"], n["id"]) for n in there))))
say("no network of the cloud is on " + argv[0])
'

run() {
    cloud admin admin "$ADMIN_PASSWORD" "$PROGRAM" "$FLAT_GOES"
}
