# shellcheck shell=sh
# The proof: every node has its agents, and they tell that they are alive. Asked through the catalogue, as a client does.
agents() { api_get network /v2.0/agents >"$CPMG_ATTEMPT/agents"; }

missing() { # AGENT@NODE of those that are not alive
    printf '%s\n--\n%s\n' "$CONTROLLERS" "$COMPUTES" | python3 -c '
import json, sys
alive = {(a["binary"], a["host"].split(".")[0]) for a in json.load(open(sys.argv[1]))["agents"] if a["alive"] and a["admin_state_up"]}
controllers, computes = ([line.split()[1] for line in part.splitlines() if line.strip()] for part in sys.stdin.read().split("--\n"))
l2, l3 = "neutron-%s-agent" % sys.argv[2], ["neutron-dhcp-agent", "neutron-metadata-agent"] + ["neutron-l3-agent"] * bool(sys.argv[3])
wanted = [(b, n) for n in controllers for b in [l2] + l3] + [(l2, n) for n in computes]
print(" ".join(sorted({"%s@%s" % (b, n) for b, n in wanted if (b, n.split(".")[0]) not in alive})))
' "$CPMG_ATTEMPT/agents" "$NEUTRON_MECHANISM" "$SELF_SERVICE"
}

all_alive() { agents 2>"$CPMG_ATTEMPT/said" && lacking=$(missing) && [ -z "$lacking" ]; }

run() {
    identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"
    lacking=''
    # An agent that asked before the server answered tries again after a minute and more.
    wait_for 480 all_alive || { cat "$CPMG_ATTEMPT/said"; fail "not alive after 480 s: ${lacking:-Neutron does not list its agents}. Look into /var/log/neutron there"; }
    say "agents that are alive: $(python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["agents"]))' "$CPMG_ATTEMPT/agents")"
}

undo() { :; }
