# shellcheck shell=sh disable=SC2015,SC2016,SC2154 # both commands are to succeed; awk programs; variables come from other parts of the library
# Part of the library of steps: options that the operator of the environment set himself, merged last into every ini file.
#
# $CPMG_JOB/overrides has those of this node: "set" or "unset", file, section, key, value, separated by tabs; a key that is repeated has a
# line for each value. Whatever a step makes of a file by a file helper passes through _override before it is compared and put in place, in a
# check as well: so the step's own value for such an option never gets into the file, a second run changes nothing, and a dry run shows it.
# What stood in the place of such an option before is kept in $CPMG_SAVED/overrides. When the option is no longer set, _overrides_dropped puts
# that back, before the step sets its own values; undo needs nothing of this: save_file has the whole file.

_tab='	'

_overrides_of() { # FILE...: the lines for the file that is meant by one of these names
    [ ! -s "$CPMG_JOB/overrides" ] || awk -F "$_tab" -v a="$1" -v b="$2" '$2 == a || $2 == b' "$CPMG_JOB/overrides"
}

_override() { # $_new, which is to become $_target (called $_asked by the step), gets the operator's options
    [ -s "$CPMG_JOB/overrides" ] && [ -e "$_new" ] || return 0
    (umask 077 && mkdir -p "$CPMG_ATTEMPT/tmp")
    _over=$CPMG_ATTEMPT/tmp/overrides
    _overrides_of "$_target" "$_asked" >"$_over"
    [ -s "$_over" ] || return 0
    [ "$ACTION" = check ] || _overrides_keep
    _overrides_merge "$_over"
}

_overrides_merge() { # FILE WITH LINES: into $_new, whose owner and mode stay
    awk "$_MERGE" part=1 "$1" part=2 "$_new" >"$CPMG_ATTEMPT/tmp/merged" && cat "$CPMG_ATTEMPT/tmp/merged" >"$_new" ||
        fail "the operator's options cannot be merged into $_target: is the disk full?"
}

_overrides_keep() { # on record: what stands in $_new in the place of options that are new
    [ -d "$CPMG_SAVED" ] || (umask 077 && mkdir -p "$CPMG_SAVED")
    [ -e "$CPMG_SAVED/overrides" ] || (umask 077 && : >"$CPMG_SAVED/overrides")
    awk -v target="$_target" "$_KEEP" part=1 "$CPMG_SAVED/overrides" part=2 "$_over" part=3 "$_new" >"$CPMG_ATTEMPT/tmp/kept" &&
        cat "$CPMG_ATTEMPT/tmp/kept" >>"$CPMG_SAVED/overrides" || fail "cannot write $CPMG_SAVED/overrides: is the disk full?"
}

_overrides_dropped() { # $_target, before the step changes it: options that the operator no longer sets are as they were
    [ -s "$CPMG_SAVED/overrides" ] && [ -e "$_now" ] || return 0
    if [ "$ACTION" = check ]; then
        ! grep -qxF -e "$_target" "$_SHADOW/dropped" 2>/dev/null || return 0
        printf '%s\n' "$_target" >>"$_SHADOW/dropped"
    fi
    (umask 077 && mkdir -p "$CPMG_ATTEMPT/tmp")
    _over=$CPMG_ATTEMPT/tmp/overrides
    _overrides_of "$_target" "$_asked" | awk -F "$_tab" -v file="$_target" '
        part == 1 { set[$3 FS $4] = 1; next }
        $2 == file && !(($3 FS $4) in set)' part=1 - part=2 "$CPMG_SAVED/overrides" >"$_over"
    [ -s "$_over" ] || return 0
    cp -a "$_now" "$_new"
    cp "$_over" "$_over.dropped" # _put may come here again
    _overrides_merge "$_over"
    if cmp -s "$_new" "$_now"; then rm -f "$_new"; else _put; fi
    [ "$ACTION" != check ] || return 0
    grep -vxF -f "$_over.dropped" "$CPMG_SAVED/overrides" >"$CPMG_SAVED/overrides.new" || :
    mv -f "$CPMG_SAVED/overrides.new" "$CPMG_SAVED/overrides"
}

_overrides_seen() { # at a step's good end: with which options it was done
    [ "$ACTION" = run ] && [ "$(command -v files)" = files ] || return 0
    if [ -s "$CPMG_JOB/overrides" ]; then
        (umask 077 && mkdir -p "$CPMG_SAVED") && cp "$CPMG_JOB/overrides" "$CPMG_SAVED/overrides.seen"
    else
        rm -f "$CPMG_SAVED/overrides.seen"
    fi
}

overrides_settled() { # a step whose check finds nothing to do is done all the same when options have changed since
    [ "$(command -v files)" = files ] || return 0
    if [ -s "$CPMG_JOB/overrides" ]; then cmp -s "$CPMG_JOB/overrides" "$CPMG_SAVED/overrides.seen" || return 1; else [ ! -s "$CPMG_SAVED/overrides.seen" ]; fi
}

# Both programs read options of the form that lib.sh's _ini knows: "own" lines are those of a key and the indented ones that continue them.
_INI_WORDS='
    function trim(s) { gsub(/^[ \t]+|[ \t\r]+$/, "", s); return s }
    function key_of(s) { return match(s, /[=:]/) ? trim(substr(s, 1, RSTART - 1)) : "" }
    function rest(n,    s, i) { s = $0; for (i = 1; i < n; i++) s = substr(s, index(s, "\t") + 1); return s }
    function place(s) { # of the line s: here is its section, id its option, if it has one
        if (s ~ /^\[/) { sub(/^\[/, "", s); sub(/\].*/, "", s); here = s; head = 1; id = ""; return }
        head = 0
        if (s ~ /^[#;]/ || s !~ /[^ \t\r]/) { id = ""; return }
        if (s ~ /^[ \t]/) return # goes on with the option above
        id = here SUBSEP key_of(s)
    }
'
# part 1: set, unset, unmade (and so was its section) or raw (a line as it was), section, key, value; part 2: the file
_MERGE=$_INI_WORDS'
    BEGIN { FS = "\t" }
    part == 1 {
        i = $3 SUBSEP $4
        if (!(i in many)) { order[++all] = i; section[i] = $3; key[i] = $4; many[i] = 0 }
        if ($1 == "set") value[i, ++many[i]] = $4 " = " rest(5)
        if ($1 == "raw") value[i, ++many[i]] = rest(5)
        if ($1 == "unmade") ours[$3] = 1
        if (many[i]) filled[$3] = 1
        next
    }
    { line[++n] = $0; place($0); of[n] = id; if (head) { if (!(here in last)) last[here] = n; open = here; first_of[here]++ }
      if (first_of[here] == 1 && $0 ~ /[^ \t\r]/) last[here] = n
      of_section[n] = here; if (head) heading[n] = 1; else if ($0 ~ /[^ \t\r]/ && !(id in many)) filled[here] = 1
      if (id in many) { mine[n] = id; if (!(id in first)) first[id] = n }
      if ($0 ~ /^[#;]/) { s = $0; sub(/^[#;][ \t]?/, "", s); j = here SUBSEP key_of(s); if (j in many && !(j in sample)) sample[j] = n } }
    END {
        for (k = 1; k <= all; k++) {
            i = order[k]
            if (i in first || !many[i]) continue
            if (i in sample) at = sample[i]; else if (section[i] in last) at = last[section[i]]; else { late[++lates] = i; continue }
            behind[at] = behind[at] " " k
        }
        for (l = 1; l <= n; l++) { # a section that was made for options, and is empty without them, goes with the blank line before it
            s = of_section[l]
            if (s in ours && !(s in filled)) continue
            s = of_section[l + 1]
            if (line[l] !~ /[^ \t\r]/ && (l + 1 in heading) && s in ours && !(s in filled)) continue
            if (!(l in mine)) print line[l]
            else if (first[mine[l]] == l) for (v = 1; v <= many[mine[l]]; v++) print value[mine[l], v]
            if (l in behind) { m = split(behind[l], ks, " "); for (x = 1; x <= m; x++) { i = order[ks[x]]; for (v = 1; v <= many[i]; v++) print value[i, v] } }
        }
        for (k = 1; k <= lates; k++) {
            i = late[k]
            if (section[i] in made) continue
            made[section[i]] = 1
            if (n) print ""
            print "[" section[i] "]"
            for (j = k; j <= lates; j++) if (section[late[j]] == section[i]) for (v = 1; v <= many[late[j]]; v++) print value[late[j], v]
            n++
        }
    }
'
# part 1: what is kept already; part 2: the options; part 3: the file. Prints what is to be kept for those that are not.
_KEEP=$_INI_WORDS'
    BEGIN { FS = "\t" }
    part == 1 { if ($2 == target) { kept[$3 SUBSEP $4] = 1; if ($1 == "unmade") made[$3] = 1 }; next }
    part == 2 { i = $3 SUBSEP $4; if (!(i in kept) && !(i in want)) { want[i] = $3 "\t" $4; order[++all] = i } next }
    { place($0); if (here == "" || head && !(here in made)) there[here] = 1; if (id in want) text[id, ++many[id]] = $0 }
    END {
        for (k = 1; k <= all; k++) {
            i = order[k]
            split(want[i], at, "\t")
            if (!many[i]) print (at[1] in there ? "unset\t" : "unmade\t") target "\t" want[i] "\t"
            for (v = 1; v <= many[i]; v++) print "raw\t" target "\t" want[i] "\t" text[i, v]
        }
    }
'
