# shellcheck shell=sh disable=SC2016 # single quotes around SQL's backquotes and around awk and Python programs are meant
# Helpers for steps. The runner sources this file after the step's variables and secrets and before its script;
# docs/roles.md is the guide. Strict POSIX sh: dash, bash, busybox ash. Words, undo and files are here; packages, services
# and the rest in lib/*.sh, which cpmg appends to this file when it uploads it.
#
# How it hangs together:
#  * Every helper compares first and does nothing, silently, when things are already as asked. When it does change
#    something it calls mark_changed; a step that marks nothing is reported as unchanged.
#  * Before a change, a helper puts on record how to take it back: one line in $CPMG_SAVED/journal, originals of
#    files beside it. undo_all plays the journal backwards and strikes out each line it has carried out, so that
#    neither a retried run nor an interrupted undo loses the state that the first run found.
#  * In a check (ACTION=check) whatever changes something refuses, but for the file helpers in the step's `files`.
#  * A secret is a shell variable. It goes into another process by standard input only (printf is a builtin),
#    never as an argument or in the environment, where ps and /proc would show it.
#  * Names beginning with _ belong to this file. There is no `local` in POSIX sh.

# ---------------------------------------------------------------- words

say() { printf '%s\n' "$*"; }                 # one line of the step's output
fail() { printf 'error: %s\n' "$*" >&2; exit 1; } # TEXT: what is wrong and how to mend it; ends the step
mark_changed() { ! _changes 'change something' || printf 'changed\n' >"$CPMG_ATTEMPT/outcome"; }

# What the plan says of the step; the bundle sets it.
: "${CPMG_PACKAGES=}" "${CPMG_RESTARTS=}" "${CPMG_SECRETS=}" "${CPMG_STAGE=}" "${CPMG_UNDOES=}"
_SHADOW='' # where the file helpers of a check work

_never() { # WHAT: not in a check
    [ "$ACTION" != check ] || { : >"$CPMG_ATTEMPT/dishonest"; fail "a check must not change anything, and $STEP wanted to: $1"; }
}
_changes() { # WHAT: true, but in a check only allowed in the step's `files`, where it is left out: false
    [ "$ACTION" = check ] || return 0
    [ -n "$_SHADOW" ] || _never "$1"
    return 1
}

_cleanup() {
    _rc=$?; _services_start_again
    [ "$_rc" != 0 ] || _overrides_seen
    [ ! -e "$CPMG_ATTEMPT/tmp" ] || rm -rf "$CPMG_ATTEMPT/tmp"
    return "$_rc"
}
trap _cleanup EXIT
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM

secret_file() { # TEXT: prints the path of a 0600 file with it, removed when the step ends
    (umask 077 && mkdir -p "$CPMG_ATTEMPT/tmp")
    _secret=$(mktemp "$CPMG_ATTEMPT/tmp/XXXXXX") || fail "cannot write in $CPMG_ATTEMPT: is the disk full?"
    printf '%s\n' "$1" >"$_secret" && printf '%s\n' "$_secret"
}

url_quote() { # TEXT: percent-encoded, for a password inside an URL in a configuration file
    [ "$ACTION$1" != 'check********' ] || { printf '%s' "$1"; return; } # stands for a secret
    printf '%s' "$1" | LC_ALL=C awk '
        BEGIN { for (i = 1; i < 256; i++) code[sprintf("%c", i)] = i }
        { for (i = 1; i <= length($0); i++) { c = substr($0, i, 1); printf (c ~ /[A-Za-z0-9._~-]/) ? "%s" : "%%%02X", (c ~ /[A-Za-z0-9._~-]/) ? c : code[c] } }'
}

run_as() { _user=$1; shift; runuser -u "$_user" -- "$@"; } # USER COMMAND...: as that user; standard input goes through

run_quietly() { # USER COMMAND...: as that user; its output is shown only if it fails, which ends the step
    _never "run $2"
    _user=$1; shift
    runuser -u "$_user" -- "$@" >"$CPMG_ATTEMPT/said" 2>&1 </dev/null || { tail -n 20 "$CPMG_ATTEMPT/said"; fail "$1 failed (see above)"; }
}

wait_for() { # SECONDS COMMAND...: until it succeeds, tried every half second; fails after SECONDS, however long a try takes
    read -r _up _ </proc/uptime
    _end=$((${_up%.*} + $1 + 1)); shift # of full seconds
    until "$@"; do
        read -r _up _ </proc/uptime
        [ "${_up%.*}" -lt "$_end" ] || return 1
        sleep 0.5
    done
}

# ---------------------------------------------------------------- the journal of undo

_note() { # VERB WORD...: on record, once, before the change is made
    _never "$*"
    [ -d "$CPMG_SAVED" ] || (umask 077 && mkdir -p "$CPMG_SAVED")
    grep -qxF -e "$*" "$CPMG_SAVED/journal" 2>/dev/null || printf '%s\n' "$*" >>"$CPMG_SAVED/journal" ||
        fail "cannot write $CPMG_SAVED/journal: is the disk full?"
}

_noted() { grep -q "^$1 " "$CPMG_SAVED/journal" 2>/dev/null; } # BEGINNING OF LINE (a regular expression)

undo_on() { ! _changes "undo_on $*" || _note call "$@"; } # FUNCTION WORD...: undo_all will call this function of the step's script

undo_all() { # takes back, last change first, what this step's helpers have done; what cannot be is kept for another try
    _never 'undo'
    _bad=0 _n=0
    [ ! -e "$CPMG_SAVED/journal" ] || _n=$(wc -l <"$CPMG_SAVED/journal")
    while [ "$_n" -gt 0 ]; do
        _line=$(sed -n "${_n}p" "$CPMG_SAVED/journal")
        set +e # in a condition the subshell would not stop at an error
        (set -e && _undo)
        _rc=$?
        set -e
        if [ "$_rc" = 0 ]; then
            sed "${_n}d" "$CPMG_SAVED/journal" >"$CPMG_SAVED/journal.new" && mv -f "$CPMG_SAVED/journal.new" "$CPMG_SAVED/journal"
            mark_changed
        else
            _bad=$((_bad + 1))
        fi
        _n=$((_n - 1))
    done
    [ "$_bad" = 0 ] || fail "$_bad of this step's changes could not be taken back (see above). Mend the cause and undo again"
    rm -rf "$CPMG_SAVED" "${CPMG_SAVED%/*}/restart"
    rmdir "${CPMG_SAVED%/*}" 2>/dev/null || :
}

# shellcheck disable=SC2086 # words are split on purpose; only paths may hold blanks, and they take the rest of the line
_undo() {
    case $_line in
        'file '*) restore_file "${_line#* }" ;;
        'made '*) _undo_made "${_line#* }" ;;
        'folder '*) [ ! -d "${_line#* }" ] || rmdir "${_line#* }" 2>/dev/null || say "left, because there is something in it: ${_line#* }" ;;
        'link '*) _undo_link "${_line#* }" ;;
        'packages '*)
            [ -e "$CPMG_SAVED/accounts" ] || ! [ -e "$CPMG_SAVED/accounts.before" ] || _accounts_new # killed before it could
            pkg_purge ${_line#* }; _accounts_restore; _folders_restore ;;
        'removed '*) say "installing again: ${_line#* }"; _apt_install ${_line#* } ;;
        'database '*) database_drop ${_line#* } ;;
        'rabbit_user '*) rabbit_user_drop ${_line#* } ;;
        service\ * | database_* | rabbit_permissions\ * | identity\ *) "_undo_${_line%% *}" ${_line#* } ;;
        'call '*) ${_line#* } ;;
        *) fail "$CPMG_SAVED/journal: '$_line' is not understood; take that change back by hand and delete the line" ;;
    esac
}

_undo_made() { # PATH
    [ -e "$1" ] || [ -L "$1" ] || return 0
    [ -L "$1" ] || [ -z "$(mounted_below "$1")" ] ||
        fail "$1 was made by this step and stays: $(mounted_below "$1" | tr '\n' ' ')is mounted there, and what it holds is not this node's own. End what uses it, unmount it, and undo again"
    say "removing $1"
    rm -rf "$1"
}

mounted_below() { # PATH: what is mounted there or below, the deepest first, one a line
    awk -v path="$(_real "$1")" '
        { place = $2; gsub(/\\040/, " ", place); gsub(/\\011/, "\t", place); gsub(/\\134/, "\\", place) }
        place == path || index(place, path "/") == 1 { print place }' /proc/self/mounts | sort -r
}

unmount_below() { # PATH: a share is not removed with the folder on which it lies
    mounted_below "$1" | while IFS= read -r _place; do
        say "unmounting $_place"
        umount "$_place" || fail "$_place is still in use on $NODE_NAME: end what uses it, and undo again"
    done
}

# ---------------------------------------------------------------- files
# In a check the same helpers, called by the step's `files`, work on copies below $_SHADOW, which lib/dry_run.sh compares
# with the node.

_real() { readlink -f "$1" 2>/dev/null || printf '%s\n' "$1"; }
_beside() { printf '%s/.%s.cpmg\n' "${1%/*}" "${1##*/}"; } # same folder, so that mv is atomic

save_file() { # PATH: keeps it as it is now (content, owner, mode, extended attributes, or its absence), unless this step has before
    _changes "save $1" || return 0
    _path=$(_real "$1")
    [ ! -d "$_path" ] || fail "save_file $1: a folder; use made_by_step for what does not exist yet"
    ! grep -qxF -e "file $_path" "$CPMG_SAVED/journal" 2>/dev/null || return 0
    _keep "$_path"
    _note file "$_path"
}

_keep() { # PATH: a copy of it in $CPMG_SAVED/files, or none
    rm -f "$CPMG_SAVED/files$1" # of an attempt that was killed
    [ -e "$1" ] || [ -L "$1" ] || return 0
    (umask 077 && mkdir -p "$CPMG_SAVED/files${1%/*}")
    cp -a "$1" "$CPMG_SAVED/files$1" || fail "cannot save $1 in $CPMG_SAVED: is the disk full?"
}

restore_file() { # PATH: as save_file found it
    _never "restore $1"
    _path=$(_real "$1")
    _kept=$CPMG_SAVED/files$_path
    if [ -e "$_kept" ]; then
        if [ -d "${_path%/*}" ]; then # otherwise a package took it along
            say "restoring $_path"
            cp -a "$_kept" "$(_beside "$_path")" || fail "cannot restore $_path: is the disk full?"
            mv -f "$(_beside "$_path")" "$_path"
        fi
    elif [ -e "$_path" ]; then
        say "removing $_path"
        rm -f "$_path"
    fi
}

made_by_step() { # PATH...: what commands of this step will make there; undo removes it if there is nothing now
    _changes "make $*" || return 0
    for _path; do [ -e "$_path" ] || _note made "$_path"; done
}

_open() { # PATH, kept in $_asked: $_target is the file meant, $_now where it lies with what this step has done to it so far, $_new what will replace it
    _asked=$1 _target=$(_real "$1")
    [ ! -d "$_target" ] || fail "$1 is a folder, not a file"
    if [ "$ACTION" = check ]; then
        [ -n "$_SHADOW" ] || _never "write $_target outside of its function 'files'"
        _now=$_SHADOW/files$_target
        if ! grep -qxF -e "$_target" "$_SHADOW/list"; then
            (umask 077 && mkdir -p "${_now%/*}")
            [ ! -e "$_target" ] || cp -a "$_target" "$_now"
            printf '%s\n' "$_target" >>"$_SHADOW/list"
        fi
    else
        _now=$_target
        [ -d "${_now%/*}" ] || fail "the folder of $1 does not exist: is its package installed?"
    fi
    _new=$(_beside "$_now")
    rm -f "$_new"
    _overrides_dropped
}

_must_exist() { # a file that a package brings; in a check the package may not be there yet
    [ ! -f "$_now" ] || return 0
    [ "$ACTION" = check ] || fail "$_target does not exist: is its package installed?"
    : >"$_now"
    printf '%s\n' "$_target" >>"$_SHADOW/awaited"
}

_put() { # $_new takes the place of $_target
    if [ "$ACTION" = check ]; then mv -f "$_new" "$_now"; return; fi
    save_file "$_target"
    mv -f "$_new" "$_target" || fail "cannot write $_target"
    say "wrote $_target"; restart_needed; mark_changed
}

_own() { # OWNER:GROUP
    if [ "$ACTION" != check ]; then chown "$1" "$_new"
    elif ! chown "$1" "$_new" 2>/dev/null; then printf '%s %s\n' "$1" "$_target" >>"$_SHADOW/owners" # comes with a package
    fi
}

_access() { stat -c '%a %u %g' "$1"; }

file_write() { # PATH [MODE [OWNER:GROUP]]: standard input becomes its content; MODE and OWNER stay, if not given
    _open "$1"
    if [ -e "$_now" ]; then cp -a "$_now" "$_new"; else (umask 077 && : >"$_new") && chmod "${2:-0644}" "$_new"; fi
    cat >"$_new" || fail "cannot write $_new: is the disk full?"
    [ -z "${2:-}" ] || chmod "$2" "$_new"; [ -z "${3:-}" ] || _own "$3"
    _override
    if [ -e "$_now" ] && cmp -s "$_new" "$_now" && [ "$(_access "$_new")" = "$(_access "$_now")" ]; then
        rm -f "$_new"
    else
        _put
    fi
}

file_install() { file_write "$2" "${3:-0644}" "${4:-root:root}" <"$1"; } # SOURCE PATH [MODE [OWNER:GROUP]]

file_edit() { # PATH COMMAND WORD...: what COMMAND makes of its content becomes its content
    _edited=$1; shift
    _open "$_edited"; _must_exist
    (umask 077 && mkdir -p "$CPMG_ATTEMPT/tmp")
    "$@" <"$_now" >"$CPMG_ATTEMPT/tmp/edited" || fail "$1 could not make the new content of $_edited (see above)"
    file_write "$_edited" <"$CPMG_ATTEMPT/tmp/edited"
}

dir_ensure() { # PATH [MODE [OWNER:GROUP]]: makes a missing folder, and those above it
    [ ! -d "$1" ] || return 0
    _changes "make $1 outside of its function 'files'" || { printf '%s\n' "$1" >>"$_SHADOW/folders"; return 0; }
    _up=${1%/*} _above=''
    while [ -n "$_up" ] && [ ! -e "$_up" ]; do _above="$_up $_above" _up=${_up%/*}; done
    for _up in $_above; do _note folder "$_up"; done # no blanks in them
    made_by_step "$1"
    mkdir -p "$1" && chmod "${2:-0755}" "$1" && chown "${3:-root:root}" "$1" && mark_changed
}

link_ensure() { # PATH TARGET: PATH is a symbolic link to TARGET
    [ "$(readlink "$1" 2>/dev/null)" != "$2" ] || return 0
    [ -L "$1" ] || [ ! -d "$1" ] || fail "link_ensure $1: there is a folder of that name"
    _changes "link $1 outside of its function 'files'" || { printf '%s -> %s\n' "$1" "$2" >>"$_SHADOW/links"; return 0; }
    if ! grep -qxF -e "link $1" "$CPMG_SAVED/journal" 2>/dev/null; then
        _keep "$1"
        _note link "$1"
    fi
    ln -sfn "$2" "$1" || fail "cannot make the link $1"
    say "linked $1 to $2"; restart_needed; mark_changed
}
_undo_link() { # PATH
    _kept=$CPMG_SAVED/files$1
    say "taking back the link $1"
    rm -f "$1"
    if { [ -e "$_kept" ] || [ -L "$_kept" ]; } && [ -d "${1%/*}" ]; then cp -a "$_kept" "$1"; fi
}

# Options as oslo.config reads them: [section], key = value, values going on in indented lines, repeated keys.
# Comments, order and everything else stay. A new key goes below its commented-out example, or ends its section.
ini_set() { _ini set "$@"; }            # FILE SECTION KEY VALUE: the last such key is the one in effect, it is changed
ini_add() { _ini add "$@"; }            # FILE SECTION KEY VALUE: one more line of a key that may be repeated
ini_unset() { _ini unset "$1" "$2" "$3" ''; } # FILE SECTION KEY: no such key in the section

# Releases call some options otherwise: OPTION_NAMES of the platform holds words SECTION/KEY=NAME or =OTHER/NAME, and SECTION/KEY= for what a release
# does not know at all, SECTION/*= for a whole section.
_ini() {
    case " ${OPTION_NAMES-} " in
    *" $3/*="*) return 0 ;;
    *" $3/$4="*)
        _key=${OPTION_NAMES##*"$3/$4="}; _key=${_key%%[ 	]*}
        case $_key in
            '') return 0 ;;
            */*) set -- "$1" "$2" "${_key%%/*}" "${_key#*/}" "$5" ;;
            *) set -- "$1" "$2" "$3" "$_key" "$5" ;;
        esac ;;
    esac
    _open "$2"; _must_exist
    case $3$4$5 in *'
'*) fail "ini_$1 $2 [$3] $4: a value of one line, please" ;; esac
    cp -a "$_now" "$_new"
    _rc=0
    printf '%s\n' "$1" "$3" "$4" "$5" | awk '
        function trim(s) { gsub(/^[ \t]+|[ \t\r]+$/, "", s); return s }
        function key_of(s) { return match(s, /[=:]/) ? trim(substr(s, 1, RSTART - 1)) : "" }
        function value_of(s) { match(s, /[=:]/); return trim(substr(s, RSTART + 1)) }
        NR <= 4 { want[NR] = $0; next }
        { line[++n] = $0 }
        END {
            op = want[1]; section = want[2]; key = want[3]; value = trim(want[4])
            here = (section == ""); if (here) { first = 1; last = 0 }
            for (i = 1; i <= n; i++) {
                s = line[i]
                if (s ~ /^\[/) {
                    open = 0; sub(/^\[/, "", s); sub(/\].*/, "", s); here = (s == section)
                    if (here && !first) { first = i; open = 1; last = i }
                } else if (here) {
                    if ((open || section == "") && s ~ /[^ \t\r]/) last = i
                    if (s ~ /^[#;]/) { sub(/^[#;][ \t]?/, "", s); if (key_of(s) == key && !sample) sample = i }
                    else if (s ~ /^[ \t]/) { if (hit == i - 1 && hit && s ~ /[^ \t\r]/) { more[i] = 1; long = 1 } else if (more[i - 1] && s ~ /[^ \t\r]/) more[i] = 1 }
                    else if (key_of(s) == key) { hits++; own[i] = 1; hit = i; long = 0; if (value_of(s) == value) same = i }
                }
            }
            if (op == "set" && hit && same == hit && !long) exit 9
            if (op == "add" && same) exit 9
            if (op == "unset" && !hits) exit 9
            new = key " = " value
            after = hit ? hit : sample ? sample : last
            if (op == "add" && hit) while (more[after + 1]) after++
            for (i = 1; i <= n; i++) {
                # continuation lines go with the line that they continue
                for (j = i; more[j]; j--) ;
                mine = own[j]
                if (op == "unset" && mine) continue
                if (op == "set" && hit && j == hit) { if (i == hit) print new; continue }
                print line[i]
                if (op != "unset" && i == after && !(op == "set" && hit) && (hit || sample || first)) { print new; done = 1 }
            }
            if (op != "unset" && !(op == "set" && hit) && !done) {
                if (section != "" && !first) { if (n) print ""; print "[" section "]" }
                print new
            }
        }' - "$_now" >"$_new" || _rc=$?
    case $_rc in
        0 | 9)
            [ "$_rc" = 0 ] || cat "$_now" >"$_new"
            _override
            if cmp -s "$_new" "$_now"; then rm -f "$_new"; else _put; fi ;;
        *) rm -f "$_new"; fail "cannot write $_new: is the disk full?" ;;
    esac
}
