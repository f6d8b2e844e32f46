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

finish
