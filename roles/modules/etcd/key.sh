# shellcheck shell=sh
# The proof: a key written and read back, as its users do, and removed.
client() { ETCDCTL_API=3 etcdctl --endpoints="http://$NODE_ADDRESS:2379" "$@"; }

run() {
    key=/cpmg/proof/$JOB_ID
    client put "$key" "$STEP" >/dev/null || fail "etcd on $NODE_NAME takes no key (see above)"
    seen=$(client get --print-value-only "$key")
    client del "$key" >/dev/null
    [ "$seen" = "$STEP" ] || fail "etcd on $NODE_NAME gave '$seen' for the key it was given '$STEP' for"
    say "etcd $(client version | awk 'NR == 1 { print $3 }') keeps what it is given"
}

undo() { :; }
