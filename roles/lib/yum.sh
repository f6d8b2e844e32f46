# shellcheck shell=sh disable=SC2154 # variables come from other parts of the library and from the plan
# Part of the library of steps: packages of the Red Hat family, by the same helpers. The plan says which family it is.
#
# What a transaction brings is known by comparing the list of packages before and after it; undo removes that.

case ${OS_ID-} in centos | rhel | rocky | almalinux)

    _yum() { LC_ALL=C yum -q -y --setopt=retries=3 "$@" </dev/null; } # it waits by itself for another yum

    pkg_missing() { # NAME...: those that are not installed, one a line
        for _name; do rpm -q --quiet --whatprovides "$_name" || printf '%s\n' "$_name"; done
    }

    _rpms() { rpm -qa --qf '%{NAME}\n' | sort -u; }

    # shellcheck disable=SC2046,SC2086 # lists of package names
    pkg_install() { # [NAME...]: by default those of the step's module.toml; packages of this family start no services
        _never "install packages"
        [ $# -gt 0 ] || set -- $CPMG_PACKAGES
        set -- $(pkg_missing "$@")
        [ $# -gt 0 ] || return 0
        (umask 077 && mkdir -p "$CPMG_SAVED")
        [ -e "$CPMG_SAVED/accounts.before" ] || _accounts >"$CPMG_SAVED/accounts.before"
        [ -e "$CPMG_SAVED/rpms.before" ] || { _rpms >"$CPMG_SAVED/rpms.new" && mv "$CPMG_SAVED/rpms.new" "$CPMG_SAVED/rpms.before"; }
        undo_on _yum_back
        mark_changed
        _yum install "$@" || fail "yum could not install $* (see above). Mend the package archives or the network of $NODE_NAME and retry"
        [ -z "$(pkg_missing "$@")" ] || fail "yum says that all is well, but there is no $(pkg_missing "$@" | tr '\n' ' '): do the archives of $NODE_NAME have it?"
        _rpms | comm -13 "$CPMG_SAVED/rpms.before" - >"$CPMG_SAVED/rpms"
        _accounts_new
        systemctl daemon-reload
    }

    # shellcheck disable=SC2046 # a list of package names
    _yum_back() { # removes what pkg_install brought
        [ -e "$CPMG_SAVED/rpms.before" ] || return 0
        [ -e "$CPMG_SAVED/rpms" ] || _rpms | comm -13 "$CPMG_SAVED/rpms.before" - >"$CPMG_SAVED/rpms" # killed before it could
        [ -e "$CPMG_SAVED/accounts" ] || _accounts_new
        pkg_purge $(cat "$CPMG_SAVED/rpms")
        _accounts_restore
    }

    # shellcheck disable=SC2046,SC2086 # lists of package names
    pkg_purge() { # NAME...: what something else has come to need stays
        _never "remove packages"
        _here=$(printf '%s\n' "$@" | grep -vxF -e "$(pkg_missing "$@")" || :)
        [ -n "$_here" ] || return 0
        # of a list that something else needs, each package that nobody needs goes, until none is left that can
        if ! rpm -e --test $_here >"$CPMG_ATTEMPT/needed" 2>&1; then
            _again=yes
            while [ "$_again" = yes ]; do
                _again=no
                for _name in $_here; do
                    if rpm -e "$_name" >/dev/null 2>&1; then _again=yes; mark_changed; fi
                done
                _here=$(printf '%s\n' $_here | grep -vxF -e "$(pkg_missing $_here)" || :)
            done
            [ -z "$_here" ] || say "kept, because other packages need them now:" $_here
        else
            rpm -e $_here || fail "rpm could not remove the packages (see above)"
            mark_changed
        fi
        systemctl daemon-reload
    }

    _apt() { return 1; } # a dry run asks it for what else would come: not known here
esac
