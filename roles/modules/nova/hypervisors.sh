# shellcheck shell=sh
# The proof: every compute node of the plan is a hypervisor that is up. Asked through the catalogue, as a client does.
hypervisors() { api_get compute /os-hypervisors/detail >"$CPMG_ATTEMPT/hypervisors"; }

missing() { # compute nodes that are none, or not up; nova has the names that the hosts have themselves, maybe with their domain
    printf '%s\n' "$COMPUTES" | python3 -c '
import json, sys
up = {h["service"]["host"].split(".")[0] for h in json.load(open(sys.argv[1]))["hypervisors"] if h["state"] == "up" and h["status"] == "enabled"}
wanted = [line.split()[1] for line in sys.stdin.read().splitlines() if line.strip()]
print(" ".join(name for name in wanted if name.split(".")[0] not in up))
' "$CPMG_ATTEMPT/hypervisors"
}

all_up() {
    [ -z "$CELLS" ] || run_quietly nova nova-manage cell_v2 discover_hosts
    hypervisors && lacking=$(missing) && [ -z "$lacking" ]
}

run() {
    identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"
    hypervisors || fail "Nova does not list its hypervisors (see above). Look at /var/log/nova/nova-api.log on $CONTROLLER_NAME"
    lacking=''
    wait_for 300 all_up || fail "no hypervisor, or none that is up and enabled: $lacking. Look at /var/log/nova/nova-compute.log there"
    say "hypervisors that are up: $(printf '%s\n' "$COMPUTES" | awk 'NF { printf "%s ", $2 }')"
}

undo() { :; }
