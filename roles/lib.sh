# shellcheck shell=sh disable=SC2016 # single quotes around SQL's backquotes and around awk and Python programs are meant
# Helpers for steps. The runner sources this file after the step's variables and secrets and before its script;
# docs/roles.md is the guide. Strict POSIX sh: dash, bash, busybox ash.
#
# How it hangs together:
#  * Every helper compares first and does nothing, silently, when things are already as asked. When it does change
#    something it calls mark_changed; a step that marks nothing is reported as unchanged.
#  * Before a change, a helper puts on record how to take it back: one line in $CPMG_SAVED/journal, originals of
#    files beside it. undo_all plays the journal backwards and strikes out each line it has carried out, so that
#    neither a retried run nor an interrupted undo loses the state that the first run found.
#  * A secret is a shell variable. It goes into another process by standard input only (printf is a builtin),
#    never as an argument or in the environment, where ps and /proc would show it.
#  * Names beginning with _ belong to this file. There is no `local` in POSIX sh.

# ---------------------------------------------------------------- words

say() { printf '%s\n' "$*"; }                 # one line of the step's output
fail() { printf 'error: %s\n' "$*" >&2; exit 1; } # TEXT: what is wrong and how to mend it; ends the step
mark_changed() { printf 'changed\n' >"$CPMG_ATTEMPT/outcome"; }

_cleanup() {
    _rc=$?; _services_start_again
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
    printf '%s' "$1" | LC_ALL=C awk '
        BEGIN { for (i = 1; i < 256; i++) code[sprintf("%c", i)] = i }
        { for (i = 1; i <= length($0); i++) { c = substr($0, i, 1); printf (c ~ /[A-Za-z0-9._~-]/) ? "%s" : "%%%02X", (c ~ /[A-Za-z0-9._~-]/) ? c : code[c] } }'
}

run_as() { _user=$1; shift; runuser -u "$_user" -- "$@"; } # USER COMMAND...: as that user; standard input goes through

wait_for() { # SECONDS COMMAND...: until it succeeds, tried every half second; fails after SECONDS
    _tries=$(($1 * 2)); shift
    until "$@"; do
        _tries=$((_tries - 1)); [ "$_tries" -gt 0 ] || return 1
        sleep 0.5
    done
}

# ---------------------------------------------------------------- the journal of undo

_note() { # VERB WORD...: on record, once, before the change is made
    [ -d "$CPMG_SAVED" ] || (umask 077 && mkdir -p "$CPMG_SAVED")
    grep -qxF -e "$*" "$CPMG_SAVED/journal" 2>/dev/null || printf '%s\n' "$*" >>"$CPMG_SAVED/journal" ||
        fail "cannot write $CPMG_SAVED/journal: is the disk full?"
}

_noted() { grep -q "^$1 " "$CPMG_SAVED/journal" 2>/dev/null; } # BEGINNING OF LINE (a regular expression)

undo_on() { _note call "$@"; } # FUNCTION WORD...: undo_all will call this function of the step's script

undo_all() { # takes back, last change first, what this step's helpers have done; what cannot be is kept for another try
    ! grep -qs 'made by cpmg' "$_POLICY" || { _held=yes; _services_start_again; } # of an attempt that was killed
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
        'made '*) [ ! -e "${_line#* }" ] || { say "removing ${_line#* }"; rm -rf "${_line#* }"; } ;;
        'packages '*)
            [ -e "$CPMG_SAVED/accounts" ] || ! [ -e "$CPMG_SAVED/accounts.before" ] || _accounts_new # killed before it could
            pkg_purge ${_line#* }; _accounts_restore ;;
        'removed '*) say "installing again: ${_line#* }"; _apt_install ${_line#* } ;;
        'database '*) database_drop ${_line#* } ;;
        'rabbit_user '*) rabbit_user_drop ${_line#* } ;;
        service\ * | database_* | identity\ *) "_undo_${_line%% *}" ${_line#* } ;;
        'call '*) ${_line#* } ;;
        *) fail "$CPMG_SAVED/journal: '$_line' is not understood; take that change back by hand and delete the line" ;;
    esac
}

# ---------------------------------------------------------------- files

_real() { readlink -f "$1" 2>/dev/null || printf '%s\n' "$1"; }
_beside() { printf '%s/.%s.cpmg\n' "${1%/*}" "${1##*/}"; } # same folder, so that mv is atomic

save_file() { # PATH: keeps it as it is now (content, owner, mode, or its absence), unless this step has before
    _path=$(_real "$1")
    [ ! -d "$_path" ] || fail "save_file $1: a folder; use made_by_step for what does not exist yet"
    ! grep -qxF -e "file $_path" "$CPMG_SAVED/journal" 2>/dev/null || return 0
    if [ -e "$_path" ]; then
        (umask 077 && mkdir -p "$CPMG_SAVED/files${_path%/*}")
        cp -p "$_path" "$CPMG_SAVED/files$_path" || fail "cannot save $_path in $CPMG_SAVED: is the disk full?"
    fi
    _note file "$_path"
}

restore_file() { # PATH: as save_file found it
    _path=$(_real "$1")
    _kept=$CPMG_SAVED/files$_path
    if [ -e "$_kept" ]; then
        if [ -d "${_path%/*}" ]; then # otherwise a package took it along
            say "restoring $_path"
            cp -p "$_kept" "$(_beside "$_path")" || fail "cannot restore $_path: is the disk full?"
            mv -f "$(_beside "$_path")" "$_path"
        fi
    elif [ -e "$_path" ]; then
        say "removing $_path"
        rm -f "$_path"
    fi
}

made_by_step() { # PATH...: what commands of this step will make there; undo removes it if there is nothing now
    for _path; do [ -e "$_path" ] || _note made "$_path"; done
}

_put() { # PATH NEWFILE: NEWFILE, ready beside PATH, takes its place
    save_file "$1"
    mv -f "$2" "$1" || fail "cannot write $1"
    say "wrote $1"; restart_needed; mark_changed
}

file_write() { # PATH [MODE [OWNER:GROUP]]: standard input becomes its content; MODE and OWNER stay, if not given
    _target=$(_real "$1")
    _new=$(_beside "$_target")
    rm -f "$_new"
    if [ -e "$_target" ]; then cp -p "$_target" "$_new"; else (umask 077 && : >"$_new") && chmod "${2:-0644}" "$_new"; fi
    cat >"$_new" || fail "cannot write $_new: is the disk full?"
    [ -z "${2:-}" ] || chmod "$2" "$_new"; [ -z "${3:-}" ] || chown "$3" "$_new"
    if [ -e "$_target" ] && cmp -s "$_new" "$_target" && [ "$(stat -c '%a %u %g' "$_new")" = "$(stat -c '%a %u %g' "$_target")" ]; then
        rm -f "$_new"
    else
        _put "$_target" "$_new"
    fi
}

file_install() { file_write "$2" "${3:-0644}" "${4:-root:root}" <"$1"; } # SOURCE PATH [MODE [OWNER:GROUP]]

dir_ensure() { # PATH [MODE [OWNER:GROUP]]: makes a missing folder
    [ ! -d "$1" ] || return 0
    made_by_step "$1"
    mkdir -p "$1" && chmod "${2:-0755}" "$1" && chown "${3:-root:root}" "$1" && mark_changed
}

# Options as oslo.config reads them: [section], key = value, values going on in indented lines, repeated keys.
# Comments, order and everything else stay. A new key goes below its commented-out example, or ends its section.
ini_set() { _ini set "$@"; }            # FILE SECTION KEY VALUE: the last such key is the one in effect, it is changed
ini_add() { _ini add "$@"; }            # FILE SECTION KEY VALUE: one more line of a key that may be repeated
ini_unset() { _ini unset "$1" "$2" "$3" ''; } # FILE SECTION KEY: no such key in the section

_ini() {
    _target=$(_real "$2")
    [ -f "$_target" ] || fail "$2 does not exist: is its package installed?"
    case $3$4$5 in *'
'*) fail "ini_$1 $2 [$3] $4: a value of one line, please" ;; esac
    _new=$(_beside "$_target")
    rm -f "$_new" && cp -p "$_target" "$_new"
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
        }' - "$_target" >"$_new" || _rc=$?
    case $_rc in
        0) _put "$_target" "$_new" ;;
        9) rm -f "$_new" ;;
        *) rm -f "$_new"; fail "cannot write $_new: is the disk full?" ;;
    esac
}

# ---------------------------------------------------------------- packages (Debian family)

_apt() {
    DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 APT_LISTCHANGES_FRONTEND=none LC_ALL=C \
        apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=900 -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null
}

_POLICY=/usr/sbin/policy-rc.d
_services_hold() { # packages must not start services before they are configured
    _held=yes
    if [ -e "$_POLICY" ] && ! grep -q 'made by cpmg' "$_POLICY"; then mv -f "$_POLICY" "$_POLICY.before-cpmg"; fi
    printf '#!/bin/sh\n# made by cpmg for the duration of one apt-get\nexit 101\n' >"$_POLICY" && chmod 0755 "$_POLICY"
}
_services_start_again() {
    [ "${_held:-no}" = yes ] || return 0
    _held=no; rm -f "$_POLICY"
    [ ! -e "$_POLICY.before-cpmg" ] || mv -f "$_POLICY.before-cpmg" "$_POLICY"
}

pkg_missing() { # NAME...: those that are not installed, one a line
    { dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' "$@" 2>/dev/null || :; printf '%s ?\n' "$@"; } |
        awk '$2 ~ /^.i$/ { have[$1] = 1 } $2 == "?" && !have[$1]++ { print $1 }'
}

_apt_install() {
    _services_hold
    _apt install "$@" || fail "apt-get could not install $* (see above). Mend the package sources or the network of $NODE_NAME and retry"
    _services_start_again
    # dbus was not told of new services and policies because of the hold: polkit could not take its name
    systemctl daemon-reload; ! systemctl -q is-active dbus || systemctl reload dbus
    systemctl try-restart polkit 2>/dev/null || :
}

_dpkg_finish() { # what a killed apt-get left half done
    [ -n "$(dpkg --audit; ls /var/lib/dpkg/updates)" ] || return 0
    say "finishing an interrupted package installation first"; _services_hold
    DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold --configure -a </dev/null || :
    _apt -f install || fail "the packages of $NODE_NAME are in a state that apt-get cannot mend (see above)"
    _services_start_again
}

# shellcheck disable=SC2046,SC2086 # lists of package names
pkg_install() { # NAME...: without recommended ones; their services are not started
    set -- $(pkg_missing "$@")
    [ $# -gt 0 ] || return 0
    _dpkg_finish
    _tries=0 # apt-get waits for dpkg's lock, but not for the one of the lists
    until [ -e "$CPMG_JOB/apt-updated" ]; do
        if _apt -o APT::Update::Error-Mode=any update >"$CPMG_ATTEMPT/apt-update" 2>&1; then : >"$CPMG_JOB/apt-updated" && break; fi
        if [ "$_tries" -gt 180 ] || ! grep -q 'Could not get lock' "$CPMG_ATTEMPT/apt-update"; then
            cat "$CPMG_ATTEMPT/apt-update"
            say "the package lists could not be renewed (see above); going on with those that $NODE_NAME has"
            break
        fi
        [ "$_tries" -gt 0 ] || say "another apt-get is at work on $NODE_NAME; waiting for it"
        _tries=$((_tries + 1)); sleep 5
    done
    _plan=$(_apt -s install "$@") || fail "apt-get does not know how to install $*: $(printf '%s\n' "$_plan" | tail -n 5). Mend the package sources of $NODE_NAME and retry"
    _gone=$(printf '%s\n' "$_plan" | awk '$1 == "Remv" { print $2 }' | sort -u)
    [ -z "$_gone" ] || { say "replaced:" $_gone; _note removed $_gone; }
    _newer=$(printf '%s\n' "$_plan" | awk '$1 == "Inst" && $3 ~ /^\[/ { print $2 }' | sort -u)
    [ -z "$_newer" ] || say "upgraded with them, which undo leaves:" $_newer
    _fresh=$(printf '%s\n' "$_plan" | awk '$1 == "Inst" && $3 !~ /^\[/ { print $2 }' | sort -u)
    [ -z "$_fresh" ] || _note packages $_fresh
    [ -e "$CPMG_SAVED/accounts.before" ] || { mkdir -p "$CPMG_SAVED" && _accounts >"$CPMG_SAVED/accounts.before"; }
    mark_changed
    _apt_install "$@"
    _accounts_new
}

# shellcheck disable=SC2046,SC2086 # lists of package names
pkg_purge() { # NAME...: with their configuration; what something else has come to need stays
    _dpkg_finish
    _here=$(printf '%s\n' "$@" | grep -vxF -e "$(pkg_missing "$@")" || :)
    [ -n "$_here" ] || return 0
    _free=$_here
    if _apt -s purge $_here | awk '$1 == "Remv" || $1 == "Purg" { print $2 }' | grep -vqxF -e "$_here"; then
        apt-mark auto $_here >/dev/null # others would go along; apt-get tells which of ours nothing needs that somebody asked for
        _free=$(_apt -s -o APT::AutoRemove::RecommendsImportant=false -o APT::AutoRemove::SuggestsImportant=false autoremove |
            awk '$1 == "Remv" { print $2 }' | grep -xF -e "$_here" || :)
        say "kept, because other packages need them now:" $(printf '%s\n' "$_here" | grep -vxF -e "$_free" || :)
        [ -n "$_free" ] || return 0
    fi
    _dirs=$(dpkg-query -L $_free | grep '^/etc/' | sort -ru)
    _apt purge $_free || fail "apt-get could not remove the packages (see above)"
    printf '%s\n' "$_dirs" | while read -r _dir; do # a package leaves its folder while a script of another has files in it
        [ ! -d "$_dir" ] || dpkg-query -S "$_dir" >/dev/null 2>&1 || rmdir "$_dir" 2>/dev/null || :
    done
    systemctl daemon-reload; mark_changed
}

_accounts() { awk -F: '$3 < 1000 { print "user", $1 }' /etc/passwd; awk -F: '$3 < 1000 { print "group", $1 }' /etc/group; }

_accounts_new() { _accounts | grep -vxF -f "$CPMG_SAVED/accounts.before" >"$CPMG_SAVED/accounts" || :; }
_accounts_restore() { # system users and groups that came with this step's packages
    [ -s "$CPMG_SAVED/accounts" ] || return 0
    while read -r _kind _name; do
        _accounts | grep -qx "$_kind $_name" || continue
        say "removing $_kind $_name"
        "${_kind}del" "$_name" || say "left: $_kind $_name" # userdel, groupdel
    done <"$CPMG_SAVED/accounts"
    rm -f "$CPMG_SAVED/accounts"
}

# ---------------------------------------------------------------- services (systemd)

_unit() { systemctl show -p "$2" --value "$1" 2>/dev/null; } # UNIT PROPERTY

restart_needed() { # the module's services have to read their configuration again; service_enable sees to it
    mkdir -p "${CPMG_SAVED%/*}" && : >"${CPMG_SAVED%/*}/restart"
}

service_brings() { # UNIT...: starts as a consequence of this step's service_enable; undo puts it back as it is now
    for _name; do
        _enabled=$(systemctl is-enabled "$_name" 2>/dev/null) || :
        _active=$(_unit "$_name" ActiveState)
        _noted "service $_name" || _note service "$_name" "${_enabled:-unknown}" "$_active"
    done
}

service_enable() { # UNIT...: enabled and running; restarted if a step of this module changed a file since
    for _name; do
        [ "$(_unit "$_name" LoadState)" != not-found ] || fail "there is no unit $_name: is its package installed?"
        service_brings "$_name"
        if [ "$_enabled" = disabled ]; then systemctl -q enable "$_name"; mark_changed; fi
        if [ "$_active" != active ]; then
            say "starting $_name"
            systemctl reset-failed "$_name" 2>/dev/null || :
            systemctl start "$_name" || { _unit_report "$_name"; fail "$_name does not start"; }
            mark_changed
        elif [ -e "${CPMG_SAVED%/*}/restart" ]; then
            say "restarting $_name"
            systemctl restart "$_name" || { _unit_report "$_name"; fail "$_name does not start again"; }
            mark_changed
        fi
    done
    rm -f "${CPMG_SAVED%/*}/restart"
}

_undo_service() { # UNIT ENABLED ACTIVE
    [ "$(_unit "$1" LoadState)" != not-found ] || return 0
    if [ "$3" = active ]; then systemctl start "$1"; else say "stopping $1"; systemctl stop "$1"; fi
    if [ "$2" = disabled ]; then systemctl -q disable "$1"; fi
    systemctl reset-failed "$1" 2>/dev/null || :
}

service_try_restart() { systemctl try-restart "$@" 2>/dev/null || :; } # UNIT...: those that run; for undo, after files are restored

_unit_report() { journalctl -q --no-pager -n 25 -u "$1" 2>/dev/null || systemctl --no-pager status "$1" || :; }

_steady() { # UNIT: active, and has been for ten seconds
    [ "$(_unit "$1" ActiveState)" = active ] || return 1
    awk -v since="$(_unit "$1" ActiveEnterTimestampMonotonic)" '{ up = $1 - since / 1000000; exit !(up >= 10) }' /proc/uptime
}

services_good() { # UNIT...: for check: nothing to do for service_enable and must_run
    [ ! -e "${CPMG_SAVED%/*}/restart" ] || return 1
    for _name; do [ "$(systemctl is-enabled "$_name" 2>/dev/null)" != disabled ] && _steady "$_name" || return 1; done
}

must_run() { # UNIT...: fails unless all stay active for ten seconds: a service may end, even with status 0, soon after its start
    _seconds=0 _pids='' _count=0
    while [ "$_count" -lt 10 ]; do
        _now='' _all=yes
        for _name; do
            ! _steady "$_name" || { _now="$_now steady"; continue; }
            _all=no
            [ "$(_unit "$_name" ActiveState)" = active ] || { _unit_report "$_name"; fail "$_name is $(_unit "$_name" ActiveState) $_seconds s after its start; its log is above"; }
            _now="$_now $(_unit "$_name" MainPID)/$(_unit "$_name" NRestarts)"
        done
        [ "$_all" = no ] || return 0
        if [ "$_now" = "$_pids" ]; then _count=$((_count + 1)); else _count=0; fi
        _pids=$_now _seconds=$((_seconds + 1))
        [ "$_seconds" -lt 60 ] || { for _name; do _unit_report "$_name"; done; fail "$* start again and again; the log is above"; }
        sleep 1
    done
}

port_open() { awk -v port="$(printf '%04X' "$1")" '$4 == "0A" && $2 ~ ":" port "$" { found = 1 } END { exit !found }' /proc/net/tcp* 2>/dev/null; }

wait_port() { # PORT [SECONDS]: until something on this node listens there
    wait_for "${2:-60}" port_open "$1" || fail "nothing listens on port $1 of $NODE_NAME after ${2:-60} s"
}

# ---------------------------------------------------------------- databases (MariaDB, as root through its socket)

_sql() { mariadb --batch --skip-column-names || fail "the database server of $NODE_NAME refused (see above)"; } # statements on standard input
_sql_quote() { printf '%s' "$1" | sed "s/[\\\\']/\\\\&/g"; }
_sql_yes() { [ "$(printf '%s\n' "$1" | _sql)" = 1 ]; } # QUERY: answers 1

database_ensure() { # DATABASE USER PASSWORD [HOST...]: database, user with this password (from localhost and %), all rights on it
    _db=$1 _user=$2 _pw=$(_sql_quote "$3"); shift 3
    [ $# -gt 0 ] || set -- localhost %
    if ! _sql_yes "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME='$_db'"; then
        _note database "$_db"
        printf 'CREATE DATABASE `%s` CHARACTER SET utf8 COLLATE utf8_general_ci;\n' "$_db" | _sql
        say "created database $_db"; mark_changed
    fi
    for _host; do
        case $(printf "SELECT authentication_string = PASSWORD('%s') FROM mysql.user WHERE User='%s' AND Host='%s'\n" "$_pw" "$_user" "$_host" | _sql) in
            1) ;;
            '') _note database_user "$_user" "$_host"
                printf "CREATE USER '%s'@'%s' IDENTIFIED BY '%s';\n" "$_user" "$_host" "$_pw" | _sql
                say "created database user $_user@$_host"; mark_changed ;;
            *)  _old=$(printf "SELECT SUBSTR(authentication_string, 2) FROM mysql.user WHERE User='%s' AND Host='%s' AND authentication_string LIKE '*%%'\n" "$_user" "$_host" | _sql)
                [ -z "$_old" ] || _noted "database_password $_user $_host" || _note database_password "$_user" "$_host" "$_old"
                printf "ALTER USER '%s'@'%s' IDENTIFIED BY '%s';\n" "$_user" "$_host" "$_pw" | _sql
                say "set the password of database user $_user@$_host"; mark_changed ;;
        esac
        _sql_yes "SELECT COUNT(*) FROM mysql.db WHERE Db='$_db' AND User='$_user' AND Host='$_host' AND Create_priv='Y'" && continue
        _note database_grant "$_db" "$_user" "$_host"
        printf "GRANT ALL PRIVILEGES ON \`%s\`.* TO '%s'@'%s';\n" "$_db" "$_user" "$_host" | _sql
        mark_changed
    done
}

database_drop() { say "dropping database $1"; printf 'DROP DATABASE IF EXISTS `%s`;\n' "$1" | _sql; } # DATABASE
_undo_database_user() { say "dropping database user $1@$2"; printf "DROP USER IF EXISTS '%s'@'%s';\n" "$1" "$2" | _sql; }
_undo_database_grant() { printf "REVOKE ALL PRIVILEGES ON \`%s\`.* FROM '%s'@'%s';\n" "$1" "$2" "$3" | _sql; }
_undo_database_password() { printf "SET PASSWORD FOR '%s'@'%s' = '*%s';\n" "$1" "$2" "$3" | _sql; }

database_save() { # DATABASE: as it is now, before a step that fills or migrates it; undo puts that back
    ! _noted "database_content $1" || return 0
    (umask 077 && mkdir -p "$CPMG_SAVED" && mariadb-dump --single-transaction --routines --databases "$1" >"$CPMG_SAVED/$1.sql") ||
        fail "cannot save database $1 in $CPMG_SAVED: is the disk full?"
    _note database_content "$1" .
}
_undo_database_content() {
    database_drop "$1"
    say "loading what it held before"
    mariadb <"$CPMG_SAVED/$1.sql"
}

# ---------------------------------------------------------------- messages (RabbitMQ)

rabbit_user_ensure() { # USER PASSWORD: with all rights on /
    if ! rabbitmqctl -q list_users --no-table-headers | cut -f 1 | grep -qx "$1"; then
        _note rabbit_user "$1"
        printf '%s\n' "$2" | rabbitmqctl -q add_user "$1" || fail "RabbitMQ did not take user $1"
        say "created RabbitMQ user $1"; mark_changed
    elif ! printf '%s\n' "$2" | rabbitmqctl -q authenticate_user "$1" >/dev/null 2>&1; then
        printf '%s\n' "$2" | rabbitmqctl -q change_password "$1" || fail "RabbitMQ did not take the password of $1"
        say "set the password of RabbitMQ user $1 (the old one cannot be read, so undo leaves the new one)"; mark_changed
    fi
    rabbitmqctl -q list_user_permissions --no-table-headers "$1" | grep -q '^/' && return 0
    rabbitmqctl -q set_permissions -p / "$1" '.*' '.*' '.*' && mark_changed
}
rabbit_user_drop() { say "deleting RabbitMQ user $1"; rabbitmqctl -q delete_user "$1" || :; } # USER

# ---------------------------------------------------------------- identity (Keystone's API, one process for many objects)
# identity_begin, then any of project_ensure … endpoint_ensure, then identity_apply: one Python process, standard
# library only (the command line client costs a second or more a call).

identity_begin() { _identity=$(printf '%s\t%s\t%s\t%s' "$1" "$2" "$3" "$4"); } # URL USER PROJECT PASSWORD
_identity_add() { _identity=$(printf '%s\n%s' "$_identity" "$1"); shift; for _word; do _identity=$(printf '%s\t%s' "$_identity" "$_word"); done; }
project_ensure() { _identity_add project "$1"; }               # NAME
role_ensure() { _identity_add role "$1"; }                     # NAME
user_ensure() { _identity_add user "$1" "$2"; }                # NAME PASSWORD
grant_ensure() { _identity_add grant "$1" "$2" "$3"; }         # USER PROJECT ROLE
service_ensure() { _identity_add service "$1" "$2" "$3"; }     # NAME TYPE DESCRIPTION
endpoint_ensure() { for _face in public internal admin; do _identity_add endpoint "$1" "$_face" "$REGION" "$2"; done; } # TYPE URL

identity_apply() { # does it; without objects it gets a token and says from where; exit 1 if Keystone refuses
    printf '%s\n' "$_identity" | python3 -c "$_IDENTITY" "$CPMG_SAVED/journal" "$CPMG_ATTEMPT/outcome"
}
_undo_identity() { # KIND WORD...: the step's script defines identity_login, which calls identity_begin
    identity_login
    _identity_add remove "$@"
    identity_apply
}

_IDENTITY='
import json, os, sys, urllib.error, urllib.parse, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
journal, outcome = sys.argv[1:]
login, *wanted = [line.split("\t") for line in sys.stdin.read().splitlines()]
url, name, project, password = login
url, token = url.rstrip("/"), ""

def call(method, path, body=None, may_fail=()):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"Content-Type": "application/json", "X-Auth-Token": token}, method=method)
    try:
        answer = opener.open(request, timeout=60)
    except urllib.error.HTTPError as error:
        if error.code in may_fail:
            return None
        sys.exit("error: %s %s%s: %s %s" % (method, url, path, error.code, error.read().decode("utf-8", "replace")[:300]))
    except OSError as error:
        sys.exit("error: no answer from %s: %s. Is Keystone running, and its name in /etc/hosts?" % (url, error))
    return answer.headers, json.loads(answer.read() or b"{}")

def ask_token(user, secret, scope, **more):
    auth = {"identity": {"methods": ["password"], "password": {"user": {"name": user, "domain": {"id": "default"}, "password": secret}}}}
    if scope:
        auth["scope"] = {"project": {"name": scope, "domain": {"id": "default"}}}
    return call("POST", "/auth/tokens", {"auth": auth}, **more)

def find(kind, **query):
    found = call("GET", "/%ss?%s" % (kind, urllib.parse.urlencode(query)))[1][kind + "s"]
    return found[0] if found else None

def note(*words):
    os.makedirs(os.path.dirname(journal), 0o700, exist_ok=True)
    with open(journal, "a") as file:
        file.write("identity " + " ".join(words) + "\n")

def changed(text):
    print(text, flush=True)
    with open(outcome, "w") as file:
        file.write("changed\n")

def ensure(kind, words, query, more={}):
    there = find(kind, **query)
    if not there:
        note(kind, *words)
        there = call("POST", "/%ss" % kind, {kind: dict(query, **more)})[1][kind]
        changed("created %s %s" % (kind, " ".join(words)))
    return there

def delete(kind, there, words):
    if there:
        call("DELETE", "/%ss/%s" % (kind, there["id"]))
        changed("deleted %s %s" % (kind, " ".join(words)))

headers, answer = ask_token(name, password, project)
token = headers["X-Subject-Token"]
if not wanted:
    print("%s gave %s a token for project %s, valid until %s" % (url, name, project, answer["token"]["expires_at"]))
    for service in answer["token"]["catalog"]:
        print(service["type"] + ":", ", ".join(sorted("%(interface)s %(url)s" % end for end in service["endpoints"])))
for op, *words in wanted:
    remove = op == "remove"
    kind, words = (words[0], words[1:]) if remove else (op, words)
    domain = {"domain_id": "default"} if kind in ("user", "project") else {}
    if kind == "grant":
        user, scope, role = (find(k, name=n, **({} if k == "role" else {"domain_id": "default"})) for k, n in zip(("user", "project", "role"), words))
        if user and scope and role:
            path = "/projects/%s/users/%s/roles/%s" % (scope["id"], user["id"], role["id"])
            there = call("HEAD", path, may_fail=(404,))
            if remove != (not there):
                remove or note(kind, *words)
                call("DELETE" if remove else "PUT", path)
                changed("%s role %s for %s in %s" % ("took back" if remove else "granted", words[2], words[0], words[1]))
        elif not remove:
            sys.exit("error: one of user, project, role does not exist: " + " ".join(words))
    elif kind in ("service", "endpoint"):
        query = {"name": words[0], "type": words[1]} if kind == "service" else None
        if kind == "endpoint":
            service = find("service", type=words[0]) or remove or sys.exit("error: Keystone knows no service " + words[0])
            if service is True:
                continue
            query = {"service_id": service["id"], "interface": words[1], "region_id": words[2]}
        there = find(kind, **query)
        if remove:
            delete(kind, there, words)
        elif kind == "service":
            ensure(kind, words[:2], query, {"description": words[2]})
        elif there and there["url"] != words[3]:
            call("PATCH", "/endpoints/" + there["id"], {"endpoint": {"url": words[3]}})
            changed("endpoint %s %s: %s, was %s" % (words[0], words[1], words[3], there["url"]))
        else:
            ensure(kind, words[:3], query, {"url": words[3]})
    elif remove:
        delete(kind, find(kind, name=words[0], **domain), words)
    else:
        there = ensure(kind, words[:1], dict(domain, name=words[0]), {"password": words[1]} if kind == "user" else {})
        if kind == "user" and not ask_token(words[0], words[1], None, may_fail=(401,)):
            call("PATCH", "/users/" + there["id"], {"user": {"password": words[1]}})
            changed("set the password of user %s (the old one cannot be read, so undo leaves the new one)" % words[0])
'
