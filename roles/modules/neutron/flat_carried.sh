# shellcheck shell=sh
# Task "add-flat", on the first controller, at the end: the agents of the nodes that have a NIC for it say that they carry each flat network, and Neutron
# makes a network on it (which goes again unless there is one already).
PROGRAM='
wanted = [tuple(line.split()) for line in argv[0].splitlines() if line.strip()]
def lacking():
    agents = call("network", "GET", "/v2.0/agents").json()["agents"]
    carried = set()
    for agent in agents:
        told = agent.get("configurations") or {}
        names = dict(told.get("interface_mappings") or {}, **(told.get("bridge_mappings") or {}))
        if agent["alive"]:
            carried.update((name, short(agent["host"])) for name in names)
    return [(name, node) for name, node in wanted if (name, short(node)) not in carried]
if not wait(120, lambda: not lacking()):
    fail("after two minutes no agent carries %s: look into /var/log/neutron there" % ", ".join("%s on %s" % pair for pair in lacking()))
for name in sorted({name for name, _ in wanted}):
    nodes = ", ".join(node for other, node in wanted if other == name)
    query = urllib.parse.urlencode({"provider:physical_network": name})
    if call("network", "GET", "/v2.0/networks?" + query).json()["networks"]:
        say("%s is carried by %s; a network of the cloud is on it" % (name, nodes))
        continue
    body = {"name": "cpmg-flat-" + name, "provider:network_type": "flat", "provider:physical_network": name, "admin_state_up": False}
    made = call("network", "POST", "/v2.0/networks", {"network": body}).json()["network"]
    call("network", "DELETE", "/v2.0/networks/" + made["id"])
    say("%s is carried by %s; Neutron can make a network on it: openstack network create --share --provider-network-type flat "
        "--provider-physical-network %s NAME" % (name, nodes, name))
'

run() {
    cloud admin admin "$ADMIN_PASSWORD" "$PROGRAM" "$FLAT_PLACES"
}
