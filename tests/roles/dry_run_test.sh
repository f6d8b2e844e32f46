# shellcheck shell=sh disable=SC2016,SC2034,SC2317 # texts with $ are meant; variables and functions are for lib/dry_run.sh
# Tests of roles/lib/dry_run.sh that need neither root nor a node: `sh tests/roles/dry_run_test.sh`; any POSIX shell will do.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/roles/support/steps.sh
. "$here/tests/roles/support/steps.sh"

# A check says what would change and changes nothing.
census() { (cd "$work" && find f saved -exec stat -c '%n %F %a %u %g %s %Y' {} + && find f saved -type f -exec cksum {} +) 2>&1; }
check_step() { # as the runner does it
    ACTION=check
    check() { CPMG_CHECKED=no && return 1; }
    "$@"
    dry_run
}
checked() { # WHAT OUTCOME TEXT: the check of the functions defined by $define
    seen=$(census)
    step check_step "$define"
    equal "$1" "$2
$3" "$rc $outcome
$(cat "$work/out")"
    equal "$1: nothing is changed" "$seen" "$(census)"
    equal "$1: nothing is left" no "$([ -e "$CPMG_ATTEMPT/tmp" ] && echo yes || echo no)"
}
fresh
mkdir "$work/saved"
printf '[a]\nk = 1\n' >"$work/f/x.conf" && chmod 0640 "$work/f/x.conf"
define=first
first() {
    files() {
        say 'said once'
        ini_set "$work/f/x.conf" a k 2
        ini_set "$work/f/x.conf" b new v
        printf 'hello\n' | file_write "$work/f/new" 0600
        dir_ensure "$work/f/sub/folder"
        printf 'there\n' | file_write "$work/f/sub/folder/file"
        link_ensure "$work/f/link" new
        made_by_step "$work/f/other"
    }
    run() { files; }
}
me=$(id -un):$(id -gn)
checked 'a check shows differences' '0 changed' "said once
would make the folder $work/f/sub/folder
would link $work/f/link -> new
would change $work/f/x.conf
--- $work/f/x.conf
+++ $work/f/x.conf
@@ -1,2 +1,5 @@
 [a]
-k = 1
+k = 2
+
+[b]
+new = v
would make $work/f/new, mode 600, $me
--- /dev/null
+++ $work/f/new
@@ -0,0 +1 @@
+hello
would make $work/f/sub/folder/file, mode 644, $me
--- /dev/null
+++ $work/f/sub/folder/file
@@ -0,0 +1 @@
+there"
really() { first; run; }
step really
equal 'and is right: the run does that' "v
hello
there
new" "$(sed -n 's/^new = //p' "$work/f/x.conf" && cat "$work/f/new" "$work/f/sub/folder/file" && readlink "$work/f/link")"
checked 'a check after the run' '0 unchanged' 'said once
nothing to do'

fresh
mkdir "$work/saved"
define=package
package() { files() { ini_set "$work/f/y.conf" a k 1; file_edit "$work/f/z.conf" sed '$a z'; printf 'x' | file_write "$work/f/owned" 0640 nobody-here:nobody-here; }; }
checked 'files of packages that are not there yet' '0 changed' "would change $work/f/y.conf, which comes with a package: only what is put into it can be shown yet
--- /dev/null
+++ $work/f/y.conf
@@ -0,0 +1,2 @@
+[a]
+k = 1
would change $work/f/z.conf, which comes with a package: what of it cannot be shown yet
would make $work/f/owned, mode 640, nobody-here:nobody-here
--- /dev/null
+++ $work/f/owned
@@ -0,0 +1 @@
+x"

define=mode
mode() { files() { printf 'x' | file_write "$work/f/w" 0600; }; }
printf 'x' >"$work/f/w" && chmod 0644 "$work/f/w"
checked 'a mode' '0 changed' "would change $work/f/w
mode and owner: 644 $me, then 600 $me"

# Secrets: the step's, and those that the node has
define=hidden
printf '%s\n' '[database]' 'connection = mysql://u:old-s3cret@host/db' 'odd = old-s3cret-elsewhere' 'admin_token=tok-s3cret' \
    '# Their password: com-s3cret' 'plain = 1' 'url = http://x:a/s3cret@y/' '{default_pass, <<"erl-s3cret">>},' 'set password pw-s3cret' \
    '-----BEGIN RSA PRIVATE KEY-----' 'pem-s3cret' '-----END RSA PRIVATE KEY-----' >"$work/f/s.conf"
hidden() {
    CPMG_SECRETS='PASSWORD OTHER' PASSWORD='new/s3cret' OTHER='other-s3cret'
    files() {
        ini_set "$work/f/s.conf" database connection "mysql://u:$(url_quote "$PASSWORD")@host/db"
        ini_set "$work/f/s.conf" database odd "$OTHER"
        ini_set "$work/f/s.conf" database plain 2
        printf 'a %s b\n%s\n' "$PASSWORD" "$(url_quote "$PASSWORD")" | file_write "$work/f/plain"
    }
}
checked 'secrets are not shown' '0 changed' "would change $work/f/s.conf
--- $work/f/s.conf
+++ $work/f/s.conf
@@ -3,7 +3,7 @@
 odd = ********
 admin_token=********
 # Their password: ********
-plain = 1
+plain = 2
 url = http://x:********@y/
 {default_pass, ********
 set password ********
would make $work/f/plain, mode 644, $me
--- /dev/null
+++ $work/f/plain
@@ -0,0 +1,2 @@
+a ******** b
+********"
define=only
printf '[a]\npassword = old-s3cret\n' >"$work/f/o.conf"
only() { CPMG_SECRETS=PASSWORD PASSWORD=new-s3cret; files() { ini_set "$work/f/o.conf" a password "$PASSWORD"; }; }
checked 'a password alone' '0 changed' "would change $work/f/o.conf
only values that are not shown change"
picky() { CPMG_SECRETS=PASSWORD PASSWORD=new-s3cret; files() { case $PASSWORD in *'*'*) fail 'a star';; esac; printf '%s' "$PASSWORD" | file_write "$work/f/p"; }; }
define=picky
checked 'a script that refuses the mask' '0 changed' "would make $work/f/p, mode 644, $me
its text cannot be shown without its secrets"

# What must not be done in a check, wherever it is hidden
for wrong in mark_changed restart_needed undo_all 'save_file /etc/hostname' "made_by_step $work/f/q" 'undo_on x' 'pkg_install x' 'pkg_purge x' \
    'service_enable x' 'service_try_restart x' 'service_brings x' 'database_ensure a b c' 'database_drop a' 'database_save a' 'rabbit_user_ensure a b' \
    'rabbit_user_drop a' "write x $work/f/q" "ini_set $work/f/o.conf a b c" "dir_ensure $work/f/q" "link_ensure $work/f/q x" "restore_file $work/f/o.conf" \
    "file_edit $work/f/o.conf sed s/a/b/"; do
    bare() { check() { $wrong; }; }
    piped() { check() { if (: | $wrong) then :; fi; false; }; }
    inside() { files() { $wrong; }; }
    seen=$(census)
    for define in bare piped inside; do
        step check_step "$define"
        case $define:$wrong in
            inside:mark_changed | inside:restart_needed | inside:save_file* | inside:made_by* | inside:undo_on* | inside:write* | inside:ini_set* | \
                inside:dir_ensure* | inside:link_ensure* | inside:file_edit*) equal "$wrong is for files" 0 "$rc" ;;
            *) equal "$wrong, $define" '1 yes' "$rc $(grep -q 'a check must not change anything' "$work/out" && echo yes)" ;;
        esac
    done
    equal "$wrong changed nothing" "$seen" "$(census)"
done

define=taken_back
taken_back() { CPMG_UNDOES=yes; check() { fail 'not asked'; }; }
checked 'a step that is to be taken back and did nothing' '0 unchanged' 'nothing to take back: nothing that it has done here is on record'
mkdir -p "$CPMG_SAVED"
printf '%s\n' 'packages a b' "file $work/f/x.conf" "made $work/f/with blank" 'database nova' 'call bridges_gone br-ex' >"$CPMG_SAVED/journal"
checked 'a step that is to be taken back' '0 changed' "would take back: bridges_gone
would take back: database nova
would remove $work/f/with blank
would put back $work/f/x.conf as it was
would remove the packages: a b"
rm -r "$CPMG_SAVED"

define=done_already
done_already() { check() { true; }; files() { fail 'not asked'; }; }
checked 'a check that has nothing to do' '0 unchanged' 'nothing to do'
define=cannot
cannot() { check() { fail 'the disk is full'; }; }
checked 'a check that fails' '1 unchanged' 'error: the disk is full'
define=neither
neither() { :; }
checked 'a step of which nothing is known' '0 changed' 'would be done'
define=and_more
and_more() { check() { false; }; files() { :; }; }
checked 'a check of its own that knows of more than files' '0 changed' 'would be done'
define=verifies
verifies() { CPMG_STAGE=verification; }
checked 'a step of verification' '0 unchanged' 'asked when everything is installed'
define=restarts
restarts() { CPMG_RESTARTS='up down'; _unit() { [ "$1" != up ] || echo active; }; if [ -n "${with_files-}" ]; then files() { printf 'x' | file_write "$work/f/r"; }; fi; }
checked 'services' '0 changed' 'would be done
would restart: up
would start: down'
rm -r "$CPMG_JOB/would-restart"
with_files=yes
step check_step restarts
equal 'services of a step with files' '0 yes no' "$rc $(grep -q 'would restart: up' "$work/out" && echo yes) $(grep -q 'start: down' "$work/out" || echo no)"
equal 'a later check of the module knows of it' yes "$([ -e "$CPMG_JOB/would-restart/module" ] && echo yes)"
if command -v dpkg-query >/dev/null; then
    define=names
    names() { CPMG_PACKAGES='dpkg sed'; }
    checked 'packages that are there' '0 unchanged' 'nothing to do'
    names() { CPMG_PACKAGES='dpkg no-such-package-1'; _apt() { return 1; }; }
    checked 'packages that are not' '0 changed' 'would install: no-such-package-1
what they need is not known before the package lists of the node are renewed'
    names() { CPMG_PACKAGES='no-such-package-1'; _apt() { printf 'Inst no-such-package-1 (1)\nInst b (2)\nInst c [1] (2)\nInst a (1)\nRemv d [1]\n'; }; }
    checked 'what comes with them' '0 changed' 'would install: no-such-package-1
what they need: a b 
would upgrade: c 
would remove: d '
fi

finish
