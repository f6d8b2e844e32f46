# shellcheck shell=sh disable=SC2016,SC2034,SC2154,SC2317 # texts with $ are meant; variables and functions are for the library
# Tests of roles/lib/overrides.sh that need neither root nor a node: `sh tests/roles/overrides_test.sh`; any POSIX shell will do.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/roles/support/steps.sh
. "$here/tests/roles/support/steps.sh"

tab='	'
over() { # LINE...: the operator's options, fields separated by |
    : >"$CPMG_JOB/overrides"
    for line; do printf '%s\n' "$line" | sed "s,@,$work/f/x.conf,; s,|,$tab,g" >>"$CPMG_JOB/overrides"; done
}
x() { cat "$work/f/x.conf"; }
define=configure
files() { :; }
configure() {
    files() { ini_set "$work/f/x.conf" a k module; ini_set "$work/f/x.conf" a other 1; }
    run() { files; }
    undo() { undo_all; }
}
really() { configure; run; }
taken_back() { ACTION=undo; configure; undo; }
looked() { ACTION=check; check() { CPMG_CHECKED=no && return 1; }; configure; dry_run; }
fresh
before='[a]
# k = sample
# more = sample
k = package
[b]
x = 1
x = 2'
printf '%s\n' "$before" >"$work/f/x.conf" && chmod 0640 "$work/f/x.conf"

over 'set|@|a|k|mine' 'set|@|a|more|yes' 'unset|@|b|x|' 'set|@|c|n|1' 'set|@|c|n|2' 'set|/elsewhere|a|k|no'
step looked
equal 'a dry run shows them' yes "$(grep -q '^+k = mine' "$work/out" && grep -q '^+n = 2' "$work/out" && grep -q '^-x = 2' "$work/out" && echo yes)"
equal 'a dry run changes nothing' "$before" "$(x)"
step really
merged='[a]
# k = sample
# more = sample
more = yes
k = mine
other = 1
[b]

[c]
n = 1
n = 2'
equal 'merged last, the rest of the file stays' "0 changed
$merged" "$rc $outcome
$(x)"
equal 'mode stays' 640 "$(stat -c %a "$work/f/x.conf")"
step really
equal 'a second run changes nothing' '0 unchanged' "$rc $outcome"
step looked
equal 'nor does a dry run then' '0 unchanged' "$rc $outcome"

over 'set|@|a|k|mine' 'set|@|b|x|9' 'set|@|c|n|1'
step really
equal 'changed options' '[a]
# k = sample
# more = sample
k = mine
other = 1
[b]
x = 9

[c]
n = 1' "$(x)"
rm "$CPMG_JOB/overrides"
step looked
equal 'a dry run shows that they go' yes "$(grep -q '^-k = mine' "$work/out" && grep -q '^+k = module' "$work/out" && echo yes)"
equal 'and keeps them' 'k = mine' "$(grep '^k' "$work/f/x.conf")"
step really
equal 'the own values are back, and a section that was made for options is gone' "0 changed
[a]
# k = sample
# more = sample
k = module
other = 1
[b]
x = 1
x = 2" "$rc $outcome
$(x)"
step really
equal 'once' '0 unchanged' "$rc $outcome"
over 'set|@|a|k|again'
step really
equal 'and set again' 'k = again' "$(grep '^k' "$work/f/x.conf")"
step taken_back
equal 'undo puts the file back as it was' "0 $before" "$rc $(x)"
equal 'nothing is left on record' no "$([ -e "$work/saved/module/step" ] && echo yes || echo no)"

# Files written as a whole, edited, and made anew
fresh
over 'set|@|a|k|mine'
whole() { files() { printf '[a]\nk = 1\nl = 2\n' | file_write "$work/f/x.conf"; file_edit "$work/f/x.conf" sed 's/l = 2/l = 3/'; }; run() { files; }; files; }
step whole
step whole
equal 'a file that is written as a whole' '[a]
k = mine
l = 3' "$(x)"

# A value that goes on in indented lines is kept and comes back whole
fresh
printf '[a]\nlong = one\n  two\nk = 1\n' >"$work/f/x.conf"
over 'set|@|a|long|short'
other() { files() { ini_set "$work/f/x.conf" a k 1; }; run() { files; }; files; }
step other
equal 'indented lines go' '[a]
long = short
k = 1' "$(x)"
over
step other
equal 'and come back' '[a]
long = one
  two
k = 1' "$(x)"

# A step whose check finds nothing to do is done once more when options have changed
settled() { configure; overrides_settled; }
over 'set|@|a|k|mine'
step settled
equal 'options that no run has seen' 1 "$rc"
step really
step settled
equal 'seen' 0 "$rc"
over
step settled
equal 'gone since' 1 "$rc"
no_files() { unset -f files; overrides_settled; }
step no_files
equal 'steps without files do not care' 0 "$rc"

finish
