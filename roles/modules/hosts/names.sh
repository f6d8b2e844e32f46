# shellcheck shell=sh
# One marked block of /etc/hosts holds the environment's nodes. A line elsewhere that gives one of these names another
# address (Debian's "127.0.1.1 NAME") would win or confuse: that name is taken out of it.
files() {
    { printf '%s\n' "$NODES"; printf -- '--\n'; cat /etc/hosts; } | awk '
        !told && $0 == "--" { told = 1; next }
        !told { if (NF == 2) { block[++n] = $1 "\t" $2; ours[$2] = 1 } next }
        $0 == "# cpmg: nodes" { inside = 1; next }
        $0 == "# cpmg: end" { inside = 0; next }
        inside { next }
        /^[ \t]*(#|$)/ { rest[++m] = $0; next }
        {
            comment = ""; text = $0
            if (at = index(text, "#")) { comment = " " substr(text, at); text = substr(text, 1, at - 1) }
            words = split(text, word, /[ \t]+/); kept = ""; names = 0; address = ""; lost = 0
            for (i = 1; i <= words; i++) {
                if (word[i] == "") continue
                if (address == "") address = word[i]
                else if (word[i] in ours) lost = 1
                else { kept = kept (names++ ? " " : "") word[i] }
            }
            if (!lost) rest[++m] = $0
            else if (names) rest[++m] = address "\t" kept comment
        }
        END {
            for (i = 1; i <= m; i++) print rest[i]
            print "# cpmg: nodes"
            for (i = 1; i <= n; i++) print block[i]
            print "# cpmg: end"
        }' | file_write /etc/hosts
}

run() {
    files
    seen=$(getent ahostsv4 "$CONTROLLER_NAME" | awk 'NR == 1 { print $1 }')
    [ "${seen:-none}" = "$CONTROLLER_ADDRESS" ] ||
        fail "$CONTROLLER_NAME resolves to ${seen:-nothing} instead of $CONTROLLER_ADDRESS: look at 'hosts:' in /etc/nsswitch.conf"
    getent hosts "$(uname -n)" >/dev/null || fail "the node's own name $(uname -n) does not resolve; is the node in the environment by that name?"
}

undo() { undo_all; }
