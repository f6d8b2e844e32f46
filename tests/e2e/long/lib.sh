# shellcheck shell=bash
# What the parts of the longer suite have in common: a lab and a cpmg of their own, gone at the end. With CPMG_LONG_KEEP a part that failed
# leaves both, to be looked at, and says where they are. CPMG_LONG_NAME begins the names of the labs; with CPMG_LONG_LAYER packages of the core lie
# on the nodes of some parts already.
set -eu

NAME=${CPMG_LONG_NAME:-long}-$(basename "$0" .sh | cut -d- -f1)
WORK=$(mktemp -d)
mkdir "$WORK/roles"
export HOME=$WORK CPMG_DATA=$WORK/data LANG=C.UTF-8 CPMG_ROLES=$PROJECT/roles:$WORK/roles
cpmg() { "${CPMG_LONG_PROGRAM:-$PROJECT/target/debug/cpmg}" "$@"; }
lab() { "$PROJECT/tests/lab/lab" --instance "$NAME" "$@"; }
end() {
    local status=$?
    if [ $status != 0 ] && [ -n "${CPMG_LONG_KEEP:-}" ]; then
        echo "kept: lab --instance $NAME, HOME=$WORK CPMG_DATA=$CPMG_DATA CPMG_ROLES=$CPMG_ROLES"
        return
    fi
    cpmg engine stop >/dev/null 2>&1 || :
    lab down >/dev/null 2>&1 || :
    rm -rf "$WORK"
}
trap end EXIT

seen() { printf '  %s\n' "$*" | tee -a "$RESULTS"; } # TEXT: goes to the end's list
bad() { echo "error: $*" >&2; exit 1; }

begin() { # an administrator and an environment called prod
    printf 'correct horse\n' | cpmg user add ada --role administrator --password-stdin
    printf 'correct horse\n' | cpmg login ada --password-stdin
    cpmg env add prod --platform "$1"
}

modules_of() { # PLATFORM: all that it has, with commas
    sed -n '/^modules = \[/,/\]/p' "$PROJECT/roles/platforms/$1.toml" | tr -d '\n" ' | sed 's/^modules=\[//; s/,*\].*//'
}

# The packages of the core, as tests/e2e/cloud.rs has them unpacked beforehand: the nodes then stand on the same cached layer as there.
core_packages() { # PLATFORM
    python3 -c '
import sys, tomllib
modules = tomllib.load(open(sys.argv[1], "rb"))["module"]
names = "network time mariadb rabbitmq memcached keystone glance placement nova neutron horizon".split()
print(*sorted({w for m in names for k in ("PACKAGES", "COMPUTE_PACKAGES", "AGENT_PACKAGES") for w in modules[m].get(k, "").split()}))
' "$PROJECT/roles/platforms/$1.toml"
}

adopt() { # NODE ROLE...
    node=$1; shift
    address=$(lab status --json | python3 -c 'import json, sys; print(next(n["address"] for n in json.load(sys.stdin)["nodes"] if n["name"] == sys.argv[1]))' "$node")
    cpmg node add prod "$address" --name "$node" --key "$(lab key)"
    cpmg node trust "$node" --accept-new
    cpmg node role "$node" "$@"
}

plan_networks() { # as tests/e2e/cloud.rs does; and the wires are checked
    local cidr tag nic
    for tag in public cluster; do
        if [ "$tag" = public ]; then nic=prov0; else nic=clus0; fi
        cidr=$(lab status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$([ "$tag" = public ] && echo provider_network || echo cluster_network)")
        set -- net set prod "$tag" --cidr "$cidr" --range "${cidr%0/24}11-60" --nic "$nic"
        [ "$tag" != public ] || set -- "$@" --gateway "${cidr%0/24}1" --floating "${cidr%0/24}100-199"
        cpmg "$@" || : # the plan has faults until the second network is there
    done
    cpmg net check prod
    cpmg check run prod
}

job() { # KEY: of the newest job
    cpmg job list prod --json | python3 -c 'import json, sys; print(max(json.load(sys.stdin), key=lambda j: j["id"])[sys.argv[1]])' "$1"
}

install() { # WHAT [OPTION...]: must succeed
    local began=$SECONDS what=$1; shift
    case "$*" in *--dry-run*) ;; *) set -- --reason 'the wires are as they were' "$@" ;; esac
    cpmg install prod --follow "$@" || bad "$what did not succeed"
    seen "$what: $((SECONDS - began)) s, $(job changed) steps changed"
}

unchanged() { # a second installation, and a look, find nothing to do
    install 'second installation'
    [ "$(job changed)" = 0 ] || bad "the second installation changed $(job changed) steps"
    install 'dry run' --dry-run
    [ "$(job changed)" = 0 ] || bad "a dry run would still change $(job changed) steps"
}

census() { lab exec "$1" sh -c "$(cat "$PROJECT/tests/e2e/census.sh")"; } # NODE

# What undo left on a node: differences to the census before that nothing justifies (tests/e2e/left.tsv says what is left on purpose; a package
# that was there before may be newer).
left_on() { # NODE FILE: of the census before
    census "$1" >"$WORK/after"
    diff "$2" "$WORK/after" | sed -n 's/^\([<>]\) /\1\t/p' | sort >"$WORK/differences" || :
    awk -F '\t' '
        FILENAME == ARGV[1] { gsub(/[.+]/, "\\\\&", $1); gsub(/\*/, "[^ ]*", $1); left[$1] = 1; next }
        { lines[++count] = $0; if (split($2, word, " ") > 2 && word[1] == "package") seen[word[2]] = seen[word[2]] $1 }
        END {
            for (n = 1; n <= count; n++) {
                split(lines[n], field, "\t"); line = field[2]; fine = 0
                for (pattern in left) if (line ~ "^" pattern) fine = 1
                for (name in seen) if (seen[name] ~ /</ && seen[name] ~ />/ && (index(line, "package " name " ") == 1 || index(line, "content /var/lib/dpkg/info/" name ".") == 1 || index(line, "content /var/lib/dpkg/info/" name ":") == 1)) fine = 1
                if (!fine) print lines[n]
            }
        }' "$PROJECT/tests/e2e/left.tsv" "$WORK/differences"
}

red() { # WHAT TEXT [OPTION...]: the proof must fail and say that
    local began=$SECONDS what=$1 text=$2; shift 2
    if cpmg prove prod "$@" >"$WORK/proof" 2>&1; then cat "$WORK/proof"; bad "the proof is green with $what"; fi
    cat "$WORK/proof"
    grep -q -- "$text" "$WORK/proof" || bad "the proof with $what does not say: $text"
    seen "proof with $what: red after $((SECONDS - began)) s, and says why"
}

versions() { # NODE PACKAGE...
    node=$1; shift
    # shellcheck disable=SC2016 # for dpkg-query
    seen "$(lab exec "$node" dpkg-query -W -f '${Package} ${Version}; ' "$@")"
}
