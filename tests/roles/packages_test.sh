# shellcheck shell=sh disable=SC2016,SC2034 # scripts are written; variables are for lib.sh
# Tests of roles/lib/packages.sh that need neither root nor a node: `sh tests/roles/packages_test.sh`. apt-get and dpkg are played; the real ones are
# tried in the lab.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/roles/support/steps.sh
. "$here/tests/roles/support/steps.sh"

mkdir "$work/bin"
# $work/fails says how many more runs of apt-get fail, $work/half whether dpkg is left with something to configure then.
cat >"$work/bin/apt-get" <<'END'
#!/bin/sh
work=${0%/bin/*}
echo "apt-get ran" >>"$work/ran"
left=$(cat "$work/fails")
[ "$left" = 0 ] || { echo $((left - 1)) >"$work/fails"; echo 'E: the script of a package failed'; exit 100; }
: >"$work/half"
echo 'Copying a file of the dashboard'
echo installed
END
printf '#!/bin/sh\n[ "$1" != --audit ] || cat "%s/half"\n' "$work" >"$work/bin/dpkg"
printf '#!/bin/sh\n' >"$work/bin/systemctl"
chmod 755 "$work"/bin/*
PATH=$work/bin:$PATH

install() { _POLICY=$work/policy; _apt_install one two; }
play() { # FAILS HALF: an installation that fails so often and leaves that
    : >"$work/ran"
    echo "$1" >"$work/fails"
    printf '%s' "$2" >"$work/half"
    step install
}
runs() { wc -l <"$work/ran" | tr -d ' '; }

play 0 ''
equal 'packages are installed' '0 1' "$rc $(runs)"
equal 'files of a dashboard are not told' installed "$(cat "$work/out")"
equal 'services may start again' no "$([ -e "$work/policy" ] && echo yes || echo no)"

play 1 'half of one'
equal 'a package whose script failed is configured once more' '0 2' "$rc $(runs)"
equal 'and that is told' yes "$(grep -q 'once more' "$work/out" && echo yes)"

play 2 'half of one'
equal 'but not for ever' '1 2' "$rc $(runs)"

play 1 ''
equal 'what failed before anything was unpacked is not tried again' '1 1' "$rc $(runs)"
equal 'with words' yes "$(grep -q 'could not install one two' "$work/out" && echo yes)"

# An attempt that is killed leaves the hold behind; whatever step comes next takes it away, also if no package is missing any more.
sed "s|^_POLICY=.*|_POLICY=$work/policy|" "$work/lib.sh" >"$work/lib.new" && mv "$work/lib.new" "$work/lib.sh"
printf '#!/bin/sh\n# made by cpmg for the duration of one apt-get\nexit 101\n' >"$work/policy"
printf '# the operator has one\n' >"$work/policy.before-cpmg"
ACTION=check
step true
equal 'a check leaves the hold alone' yes "$(grep -q 'made by cpmg' "$work/policy" && echo yes)"
ACTION=run
step true
equal 'the next step takes it away' '# the operator has one' "$(cat "$work/policy")"
step true
equal 'and no other' '# the operator has one' "$(cat "$work/policy")"

# Units of packages that are gone: what still counts as running or as failed is ended, what has a file is not.
printf '/lib/systemd/system/%s\n' over.service here.service ended.service at@.service >"$work/listed"
printf '/usr/lib/tmpfiles.d/one.conf\n/etc/one\n' >>"$work/listed"
cat >"$work/bin/dpkg-query" <<'END'
#!/bin/sh
[ "$1" != -L ] || cat "${0%/bin/*}/listed"
END
cat >"$work/bin/systemctl" <<'END'
#!/bin/sh
case "$*" in
    'show -p LoadState --value here.service') echo loaded ;;
    'show -p LoadState --value '*) echo not-found ;;
    'show -p ActiveState --value ended.service') echo inactive ;;
    'show -p ActiveState --value '*) echo active ;;
    *) echo "$*" >>"${0%/bin/*}/asked" ;;
esac
END
chmod 755 "$work"/bin/*
units() { : >"$CPMG_ATTEMPT/folders"; : >"$CPMG_ATTEMPT/units"; _folders_of one; _units_end; }
step units
equal 'units without a file are ended' 'stop over.service reset-failed over.service' "$(paste -s -d ' ' "$work/asked")"

# A folder that a package gave to its own account goes back to whom it belonged to, with its rights; others stay as they are.
mkdir -p "$work/tree/theirs" "$work/tree/fine"
cat >"$work/bin/find" <<'END'
#!/bin/sh
echo "${0%/bin/*}/tree/theirs"
END
printf '#!/bin/sh\necho "$*" >>"%s/given"\n' "$work" >"$work/bin/chown"
chmod 755 "$work"/bin/*
chmod 700 "$work/tree/theirs" "$work/tree/fine"
folders() {
    mkdir -p "$CPMG_SAVED"
    printf '755 0:0 %s\n' "$work/tree" "$work/tree/theirs" "$work/tree/fine" | gzip >"$CPMG_SAVED/folders.gz"
    _folders_restore
}
step folders
equal 'the folder of a package is given back' "0:0 $work/tree/theirs" "$(cat "$work/given")"
equal 'with its rights' '755 700' "$(stat -c %a "$work/tree/theirs" "$work/tree/fine" | paste -s -d ' ')"

finish
