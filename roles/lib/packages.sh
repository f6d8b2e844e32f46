# shellcheck shell=sh disable=SC2016,SC2154 # texts with $ and backquotes are meant; variables come from other parts of the library
# Part of the library of steps: packages of the Debian family.

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

# Two steps never work on a node at the same time: a hold that is there when one begins is of an attempt that was killed.
[ "$ACTION" = check ] || ! grep -qs 'made by cpmg' "$_POLICY" || { _held=yes; _services_start_again; }

pkg_missing() { # NAME...: those that are not installed, one a line
    [ $# -gt 0 ] || return 0
    { dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' "$@" 2>/dev/null || :; printf '%s ?\n' "$@"; } |
        awk '$2 ~ /^.i$/ { have[$1] = 1 } $2 == "?" && !have[$1]++ { print $1 }'
}

_apt_shown() { # WORD...: _apt with them; its exit status in $_rc
    # a dashboard's package tells of each of the thousands of files that its pages consist of
    { _rc=0; _apt "$@" 2>&1 || _rc=$?; printf '%s\n' "$_rc" >"$CPMG_ATTEMPT/apt-status"; } |
        sed -u '/^\(Found another file\|Deleting\|Copying\) /d'
    _rc=$(cat "$CPMG_ATTEMPT/apt-status")
}

_apt_install() {
    _services_hold
    _apt_shown install "$@"
    # A package's own script may fail by chance: Horizon's compiles style sheets, with a scanner that now and then does not know a word (pyScss issue 323).
    if [ "$_rc" != 0 ] && [ -n "$(dpkg --audit)" ]; then
        say "the script of a package failed (see above): dpkg configures it once more"
        _apt_shown install "$@"
    fi
    [ "$_rc" = 0 ] || fail "apt-get could not install $* (see above). Mend the package sources or the network of $NODE_NAME and retry"
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
pkg_install() { # [NAME...]: without recommended ones (by default those of the step's module.toml); their services are not started
    _never "install packages"
    [ $# -gt 0 ] || set -- $CPMG_PACKAGES
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
    [ -e "$CPMG_SAVED/folders.gz" ] || find /etc /usr /var -xdev -type d -printf '%m %U:%G %p\n' | gzip -1 >"$CPMG_SAVED/folders.gz"
    mark_changed
    _apt_install "$@"
    _accounts_new
}

# shellcheck disable=SC2046,SC2086 # lists of package names
pkg_purge() { # NAME...: with their configuration; what something else has come to need stays
    _never "remove packages"
    : >"$CPMG_ATTEMPT/folders"; : >"$CPMG_ATTEMPT/units"
    _folders_of "$@" # what finishes an interrupted installation may remove some of them itself
    _dpkg_finish
    _here=$(printf '%s\n' "$@" | grep -vxF -e "$(pkg_missing "$@")" || :)
    [ -n "$_here" ] || { _folders_drop; return 0; }
    _free=$_here
    if _apt -s purge $_here | awk '$1 == "Remv" || $1 == "Purg" { print $2 }' | grep -vqxF -e "$_here"; then
        apt-mark auto $_here >/dev/null # others would go along; apt-get tells which of ours nothing needs that somebody asked for
        _free=$(_apt -s -o APT::AutoRemove::RecommendsImportant=false -o APT::AutoRemove::SuggestsImportant=false autoremove |
            awk '$1 == "Remv" { print $2 }' | grep -xF -e "$_here" || :)
        say "kept, because other packages need them now:" $(printf '%s\n' "$_here" | grep -vxF -e "$_free" || :)
        [ -n "$_free" ] || return 0
    fi
    _folders_of $_free
    _apt purge $_free || fail "apt-get could not remove the packages (see above)"
    _folders_drop
    systemctl daemon-reload; _units_end; mark_changed
}

_folders_of() { # NAME...: for _folders_drop and _units_end
    dpkg-query -L "$@" >"$CPMG_ATTEMPT/listed" 2>/dev/null || :
    grep -E '^/(etc|usr)/' "$CPMG_ATTEMPT/listed" >>"$CPMG_ATTEMPT/folders" || :
    # what systemd makes for them (tmpfiles.d(5)), unless it was there before
    grep '/tmpfiles\.d/.*\.conf$' "$CPMG_ATTEMPT/listed" | xargs -r cat 2>/dev/null |
        awk '$1 ~ /^[dDvqQ][!=~^+-]*$/ && $2 ~ "^/var/" && $2 !~ /%/ { sub("/$", "", $2); print $2 }' >"$CPMG_ATTEMPT/made"
    _folders_before | awk 'FILENAME == ARGV[1] { made[$0] = 1; next } { sub(/^[^ ]+ [^ ]+ /, ""); delete made[$0] } END { for (dir in made) print dir }' \
        "$CPMG_ATTEMPT/made" - >>"$CPMG_ATTEMPT/folders"
    sed -n 's:^\(/usr\)\{0,1\}/lib/systemd/system/\([^/@]*\.[a-z]*\)$:\2:p' "$CPMG_ATTEMPT/listed" >>"$CPMG_ATTEMPT/units"
}

_folders_before() { [ ! -e "$CPMG_SAVED/folders.gz" ] || zcat "$CPMG_SAVED/folders.gz"; } # one a line: mode, owner and group by number, path

# A unit whose file is gone may still count as running (ifupdown's, which only ever began something), or as failed.
_units_end() {
    sort -u "$CPMG_ATTEMPT/units" | while read -r _unit; do
        [ "$(systemctl show -p LoadState --value "$_unit")" = not-found ] || continue
        [ "$(systemctl show -p ActiveState --value "$_unit")" != inactive ] || continue
        systemctl stop "$_unit" || :
        systemctl reset-failed "$_unit" 2>/dev/null || :
    done
}

# A package may have given a folder of another one to an account of its own, which is gone now (polkitd does).
_folders_restore() {
    find /etc /usr /var -xdev -type d \( -nouser -o -nogroup \) >"$CPMG_ATTEMPT/nobodys"
    [ -s "$CPMG_ATTEMPT/nobodys" ] || return 0
    _folders_before | awk 'FILENAME == ARGV[1] { nobodys[$0] = 1; next } { dir = $0; sub(/^[^ ]+ [^ ]+ /, "", dir) } dir in nobodys' "$CPMG_ATTEMPT/nobodys" - |
        while read -r _mode _owner _dir; do
            say "giving $_dir back to $_owner"
            chown "$_owner" "$_dir" && chmod "$_mode" "$_dir"
        done
}

# A package leaves its folder while a script of another has files in it, and Python what it compiled there when the installation was killed meanwhile.
_folders_drop() {
    sort -ru "$CPMG_ATTEMPT/folders" | while read -r _dir; do [ ! -d "$_dir" ] || printf '%s\n' "$_dir"; done >"$CPMG_ATTEMPT/left"
    xargs -r dpkg-query -S <"$CPMG_ATTEMPT/left" 2>/dev/null | sed 's/^.*: //' >"$CPMG_ATTEMPT/owned" || :
    { grep -vxF -f "$CPMG_ATTEMPT/owned" "$CPMG_ATTEMPT/left" || :; } | while read -r _dir; do
        case $_dir in /usr/local/*) ;; /usr/*) rm -rf "$_dir/__pycache__" ;; esac
        rmdir "$_dir" 2>/dev/null || :
    done
}

_system_ids='$3 < 1000 || $3 >= 60000 && $3 < 65000' # Debian gives services like Glance and Nova fixed numbers from 60000 on
_accounts() { awk -F: "$_system_ids { print \"user\", \$1 }" /etc/passwd; awk -F: "$_system_ids { print \"group\", \$1 }" /etc/group; }

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
