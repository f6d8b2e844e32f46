# shellcheck shell=sh disable=SC2016,SC2154 # texts with $ and backquotes are meant; variables come from other parts of the library
# Part of the library of steps: what a step would change, said without changing anything.
#
# dry_run is called by the runner in place of run. The step's `files` is called twice, each time in a subshell with the file
# helpers working on copies: once with the true secrets, to see whether a file would change at all, and once with ********
# in their place, for the text that is shown. Both copies lie in the attempt's folder of root alone and go when it ends.

_MASK='********'

dry_run() { # says what run, or undo where the plan takes the step back, would change; the outcome is changed if it would change something
    [ "$CPMG_UNDOES" != yes ] || { _would_undo; return 0; }
    if check && overrides_settled; then _honest; say 'nothing to do'; return 0; fi
    _honest
    [ "$CPMG_STAGE" != verification ] || { say 'asked when everything is installed'; return 0; }
    _would=no _known=no
    [ -z "$CPMG_PACKAGES" ] || { _known=yes; _would_install; }
    [ "$(command -v files)" != files ] || { _known=yes; _would_write; }
    if [ "$_would" = no ]; then
        # Packages and files are all there is, unless a check of the step's own says that there is more.
        [ "$_known" = no ] || [ "${CPMG_CHECKED:-yes}" = yes ] || { say 'nothing to do'; return 0; }
        say 'would be done'
    fi
    _would_restart
    printf 'changed\n' >"$CPMG_ATTEMPT/outcome"
}

_would_undo() { # what the step has on record, the last change first, as undo_all takes it back
    _own=no
    ! grep -qE '^undo *\(\)' "$CPMG_JOB/steps/$STEP.sh" 2>/dev/null || _own=yes
    if [ ! -s "$CPMG_SAVED/journal" ] && [ "$_own" = no ]; then
        say 'nothing to take back: nothing that it has done here is on record'
        return 0
    fi
    [ ! -s "$CPMG_SAVED/journal" ] || awk -v kept="$CPMG_SAVED/files" '
        { what[NR] = $0 }
        function rest() { sub(/^[^ ]+ /, "", line); return line }
        END {
            for (n = NR; n > 0; n--) {
                line = what[n]; split(line, word, " ")
                if (word[1] == "file" || word[1] == "link") { print "would put back " rest() " as it was" }
                else if (word[1] == "made" || word[1] == "folder") print "would remove " rest()
                else if (word[1] == "packages") print "would remove the packages: " rest()
                else if (word[1] == "removed") print "would install again: " rest()
                else if (word[1] == "service") print "would put back the service " word[2] " as it was"
                else if (word[1] == "call") print "would take back: " word[2]
                else { gsub(/_/, " ", word[1]); print "would take back: " word[1] " " word[2] }
            }
        }' "$CPMG_SAVED/journal"
    [ "$_own" = no ] || say 'its own undo would be run'
    printf 'changed\n' >"$CPMG_ATTEMPT/outcome"
}

_honest() { # a refusal may have ended no more than a subshell
    [ ! -e "$CPMG_ATTEMPT/dishonest" ] || fail "the function 'check' of $STEP changes something (see above): mend its script"
}

# shellcheck disable=SC2046,SC2086 # lists of package names
_would_install() {
    _missing=$(pkg_missing $CPMG_PACKAGES)
    [ -n "$_missing" ] || return 0
    _would=yes
    say 'would install:' $_missing
    # it would write a log and caches even then
    if _plan=$(_apt -s -o Dir::Log::Planner=/dev/null -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= install $_missing 2>/dev/null); then
        _would_list 'what they need:' "$(printf '%s\n' "$_plan" | awk '$1 == "Inst" && $3 !~ /^\[/ { print $2 }' | grep -vxF -e "$_missing" || :)"
        _would_list 'would upgrade:' "$(printf '%s\n' "$_plan" | awk '$1 == "Inst" && $3 ~ /^\[/ { print $2 }')"
        _would_list 'would remove:' "$(printf '%s\n' "$_plan" | awk '$1 == "Remv" { print $2 }')"
    else
        say 'what they need is not known before the package lists of the node are renewed'
    fi
}
_would_list() { [ -z "$2" ] || say "$1" "$(printf '%s\n' "$2" | sort -u | tr '\n' ' ')"; }

_would_write() {
    _tmp=$CPMG_ATTEMPT/tmp
    (umask 077 && mkdir -p "$_tmp/true" "$_tmp/shown")
    for _file in list awaited owners folders links; do : >"$_tmp/true/$_file"; : >"$_tmp/shown/$_file"; done
    (_SHADOW=$_tmp/true; files)
    _honest
    set +e # what a script does not like about ******** only costs the text
    (
        set -e
        for _name in $CPMG_SECRETS; do eval "$_name=\$_MASK"; done
        # what it computes of them while it is read
        # shellcheck disable=SC1090
        [ ! -e "$CPMG_JOB/steps/$STEP.sh" ] || . "$CPMG_JOB/steps/$STEP.sh"
        _SHADOW=$_tmp/shown
        files
    ) >/dev/null 2>&1
    set -e
    sort -u "$_tmp/true/folders" | while IFS= read -r _file; do say "would make the folder $_file"; done
    while IFS= read -r _file; do say "would link $_file"; done <"$_tmp/true/links"
    [ ! -s "$_tmp/true/folders" ] && [ ! -s "$_tmp/true/links" ] || _would=yes
    while IFS= read -r _file; do _would_change "$_file"; done <"$_tmp/true/list"
}

_would_change() { # PATH: its difference, if there is one
    _then=$_tmp/true/files$1
    [ -e "$_then" ] || return 0
    _owner=$(awk -v path="$1" '{ owner = $1; sub(/^[^ ]* /, "") } $0 == path { last = owner } END { print last }' "$_tmp/true/owners")
    if [ -e "$1" ] && cmp -s "$1" "$_then" && [ "$(_access "$1")" = "$(_access "$_then")" ] && [ -z "$_owner" ]; then return 0; fi
    _would=yes
    : "${_owner:=$(stat -c %U:%G "$_then")}"
    if [ -e "$1" ]; then
        say "would change $1"
        [ "$(stat -c '%a %U:%G' "$1")" = "$(stat -c %a "$_then") $_owner" ] ||
            say "mode and owner: $(stat -c '%a %U:%G' "$1"), then $(stat -c %a "$_then") $_owner"
    elif grep -qxF -e "$1" "$_tmp/true/awaited"; then
        [ -s "$_then" ] || { say "would change $1, which comes with a package: what of it cannot be shown yet"; return 0; }
        say "would change $1, which comes with a package: only what is put into it can be shown yet"
    else
        say "would make $1, mode $(stat -c %a "$_then"), $_owner"
    fi
    [ -e "$_tmp/shown/files$1" ] || { say 'its text cannot be shown without its secrets'; return 0; }
    command -v diff >/dev/null || { say 'the difference cannot be shown: this node has no diff'; return 0; }
    _before=/dev/null
    if [ -e "$1" ]; then _before=$1; _masked "$1" "$1" >"$_tmp/old"; else : >"$_tmp/old"; fi
    _masked "$1" "$_tmp/shown/files$1" >"$_tmp/new"
    if cmp -s "$_tmp/old" "$_tmp/new"; then
        cmp -s "$1" "$_then" || say 'only values that are not shown change'
    else
        diff -u -L "$_before" -L "$1" "$_tmp/old" "$_tmp/new" || [ $? = 1 ]
    fi
}

_masked() { # PATH FILE: the text of FILE, which is PATH now or then, without secrets, the node's own neither
    {
        for _name in $CPMG_SECRETS; do
            eval "_value=\${$_name-}"
            printf '%s\n%s\n' "$_value" "$(url_quote "$_value")"
        done
    } | awk -v mask="$_MASK" '
        function key(s) {
            if (!match(s, /[=:,]/)) return ""
            s = tolower(substr(s, 1, RSTART - 1)); gsub(/^[ \t#;]*(export[ \t])?[ \t]*/, "", s); gsub(/[ \t]+$/, "", s)
            return s
        }
        function telling(k) { return k ~ /passw|passphrase|pass$|pwd$|secret|token|credential|private.?key|api.?key|auth.?key|transport_url|(^|[^a-z])connection$/ }
        function without(s, word,    at, out) {
            while (word != "" && (at = index(s, word))) { out = out substr(s, 1, at - 1) mask; s = substr(s, at + length(word)) }
            return out s
        }
        function urls(s,    out, part, colon) { # ://USER:PASSWORD@, the last @ of a word ends it
            while (match(s, /:\/\/[^ \t\/@:]*:[^ \t]*@/)) {
                part = substr(s, RSTART + 3, RLENGTH - 4); colon = index(part, ":")
                out = out substr(s, 1, RSTART + 2) substr(part, 1, colon) mask "@"
                s = substr(s, RSTART + RLENGTH)
            }
            return out s
        }
        part == 1 { if (length($0) > 2 && $0 != mask) hidden[++n] = $0; next }
        part == 2 { if (index($0, mask)) keys[key($0)] = 1; next }
        inside && !/-----END / { next }
        { inside = 0 }
        /-----BEGIN [A-Z ]*PRIVATE KEY-----/ { print; print mask; inside = 1; next }
        {
            line = $0; k = key(line)
            for (i = 1; i <= n; i++) line = without(line, hidden[i])
            if (index(line, "://")) line = urls(line)
            else if (k != "" && (telling(k) || k in keys)) {
                match(line, /[=:,][ \t]*/)
                if (RSTART + RLENGTH <= length(line)) line = substr(line, 1, RSTART + RLENGTH - 1) mask
            } else if (k == "" && line !~ /^[ \t]*[#;]/ && match(tolower(line), /(password|passwd|secret)[ \t]+/))
                line = substr(line, 1, RSTART + RLENGTH - 1) mask
            print line
        }' part=1 - part=2 "$_tmp/shown/files$1" part=3 "$2"
}

_would_restart() { # a service that runs with what changes; its own step, which has no files, starts it
    for _name in $CPMG_RESTARTS; do
        if [ "$(_unit "$_name" ActiveState)" = active ]; then
            say "would restart: $_name"
            mkdir -p "$CPMG_JOB/would-restart" && : >"$CPMG_JOB/would-restart/${STEP%%/*}"
        elif [ "$(command -v files)" != files ]; then
            say "would start: $_name"
        fi
    done
}
