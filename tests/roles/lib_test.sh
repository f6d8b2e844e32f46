# shellcheck shell=sh disable=SC2016,SC2034 # texts with $ and backquotes are meant; variables are for lib.sh
# Tests of roles/lib.sh that need neither root nor a node: `sh tests/roles/lib_test.sh`; any POSIX shell will do.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/roles/support/steps.sh
. "$here/tests/roles/support/steps.sh"

ini_case() { # WHAT BEFORE OP SECTION KEY VALUE AFTER OUTCOME
    fresh
    printf '%s' "$2" >"$work/f/x.conf"
    step "$3" "$work/f/x.conf" "$4" "$5" "$6"
    equal "$1" "$7" "$(cat "$work/f/x.conf")"
    equal "$1: outcome" "$8" "$outcome"
    step "$3" "$work/f/x.conf" "$4" "$5" "$6"
    equal "$1: again" unchanged "$outcome"
    step undo_all
    equal "$1: undo" "$2." "$(cat "$work/f/x.conf" && echo .)"
}

ini_case 'a value is replaced, the rest stays' '# top
[a]
# about k
k = 1
z=2

[b]
k = 3
' ini_set a k 9 '# top
[a]
# about k
k = 9
z=2

[b]
k = 3' changed

ini_case 'the same value, written otherwise, is left alone' '[a]
k=1
' ini_set a k 1 '[a]
k=1' unchanged

ini_case 'a new key goes below its commented example' '[a]
# words about k
#k = <None>
#other = 1

[b]
' ini_set a k v '[a]
# words about k
#k = <None>
k = v
#other = 1

[b]' changed

ini_case 'a new key ends its section, before the blank lines' '[a]
x = 1

[b]
y = 1
' ini_set a k v '[a]
x = 1
k = v

[b]
y = 1' changed

ini_case 'a new section ends the file' '[a]
x = 1
' ini_set new k v '[a]
x = 1

[new]
k = v' changed

ini_case 'an empty file' '' ini_set a k v '[a]
k = v' changed

ini_case 'no newline at the end' '[a]
x = 1' ini_set a k v '[a]
x = 1
k = v' changed

ini_case 'of a repeated key the last, which is in effect, changes' '[a]
k = 1
k = 2
' ini_set a k 3 '[a]
k = 1
k = 3' changed

ini_case 'a section that comes twice' '[a]
k = 1
[b]
[a]
k = 2
' ini_set a k 3 '[a]
k = 1
[b]
[a]
k = 3' changed

ini_case 'continuation lines go with their value' '[a]
k = 1,
    2,
    3
z = 1
' ini_set a k 9 '[a]
k = 9
z = 1' changed

ini_case 'continuation lines of others stay' '[a]
x = 1,
    k = 2
k = 1
' ini_set a k 9 '[a]
x = 1,
    k = 2
k = 9' changed

ini_case 'one key is the beginning of another' '[a]
key_more = 1
#key_more = 2
key = 1
' ini_set a key 2 '[a]
key_more = 1
#key_more = 2
key = 2' changed

ini_case 'any character is kept' '[a]
k = 1
' ini_set a k 'a\n&\\1 $HOME `id` "q" '"'s'"' % # ; = : é 密码' '[a]
k = a\n&\\1 $HOME `id` "q" '"'s'"' % # ; = : é 密码' changed

ini_case 'values with = and colons' '[a]
k = mysql+pymysql://u:p@h/d?charset=utf8
' ini_set a k 'mysql+pymysql://u:q@h/d?charset=utf8' '[a]
k = mysql+pymysql://u:q@h/d?charset=utf8' changed

ini_case 'keys before the first section' 'x = 1
[a]
x = 2
' ini_set '' x 3 'x = 3
[a]
x = 2' changed

ini_case 'a new key before the first section' 'x = 1

[a]
' ini_set '' y 3 'x = 1
y = 3

[a]' changed

ini_case 'a blank value' '[a]
k = 1
' ini_set a k '' '[a]
k = ' changed

ini_case 'one more line of a key' '[a]
k = 1
z = 1
' ini_add a k 2 '[a]
k = 1
k = 2
z = 1' changed

ini_case 'a line that is there is not added' '[a]
k = 1
k = 2
' ini_add a k 1 '[a]
k = 1
k = 2' unchanged

ini_case 'the first line of a repeated key' '[a]
' ini_add a k 1 '[a]
k = 1' changed

ini_case 'taking a key out' '[a]
k = 1
    2
#k = 0
z = 1
k = 3
[b]
k = 4
' ini_unset a k '' '[a]
#k = 0
z = 1
[b]
k = 4' changed

ini_case 'taking out what is not there' '[a]
z = 1
' ini_unset a k '' '[a]
z = 1' unchanged

fresh
step ini_set "$work/f/none" a k v
equal 'a file that does not exist is refused' 1 "$rc"
: >"$work/f/x"
step ini_set "$work/f/x" a k 'two
lines'
equal 'a value of two lines is refused' 1 "$rc"

# Mode, symbolic links, nothing left beside
fresh
printf '[a]\n' >"$work/f/real" && chmod 0640 "$work/f/real" && ln -s real "$work/f/link"
step ini_set "$work/f/link" a k v
equal 'mode stays' 640 "$(stat -c %a "$work/f/real")"
equal 'a link stays a link' real "$(readlink "$work/f/link")"
equal 'nothing is left beside the file' 'link real' "$(cd "$work/f" && echo .* * | sed 's/^\. \.\. //;s/^\.\* //')"
equal 'the module has to restart' yes "$([ -e "$work/saved/module/restart" ] && echo yes)"

# file_write
fresh
step write one "$work/f/x" 0600
equal 'file_write makes a file' "one 600 changed" "$(cat "$work/f/x") $(stat -c %a "$work/f/x") $outcome"
step write one "$work/f/x" 0600
equal 'file_write of the same' unchanged "$outcome"
step write one "$work/f/x" 0644
equal 'file_write changes the mode' "644 changed" "$(stat -c %a "$work/f/x") $outcome"
step write two "$work/f/x"
equal 'file_write keeps the mode' "two 644" "$(cat "$work/f/x") $(stat -c %a "$work/f/x")"
step undo_all
equal 'undo of a file that was not there' no "$([ -e "$work/f/x" ] && echo yes || echo no)"
equal 'undo leaves no record' no "$([ -e "$work/saved/module" ] && echo yes || echo no)"
step undo_all
equal 'a second undo' '0 unchanged' "$rc $outcome"

# save_file saves once; undo restores content and mode
fresh
printf 'first' >"$work/f/x" && chmod 0604 "$work/f/x"
step save_file "$work/f/x"
printf 'second' >"$work/f/x" && chmod 0666 "$work/f/x"
step save_file "$work/f/x"
step write third "$work/f/x"
step undo_all
equal 'a retry does not overwrite what was saved' 'first 604' "$(cat "$work/f/x") $(stat -c %a "$work/f/x")"
equal 'undo says that it changed something' changed "$outcome"

fresh
step save_file "$work/f/absent"
printf 'x' >"$work/f/absent"
step undo_all
equal 'absence is restored' no "$([ -e "$work/f/absent" ] && echo yes || echo no)"
printf 'x' >"$work/f/with blank"
step write y "$work/f/with blank"
step undo_all
equal 'a name with a blank' x "$(cat "$work/f/with blank")"
if [ "$(id -u)" = 0 ]; then
    printf 'x' >"$work/f/owned" && chown 12:34 "$work/f/owned"
    step write y "$work/f/owned"
    equal 'the owner stays' 12:34 "$(stat -c %u:%g "$work/f/owned")"
    chown 0:0 "$work/f/owned"
    step undo_all
    equal 'the owner is restored' 12:34 "$(stat -c %u:%g "$work/f/owned")"
fi

# made_by_step, dir_ensure, undo_on, order
fresh
mkdir "$work/f/there"
step made_by_step "$work/f/there" "$work/f/new dir"
mkdir -p "$work/f/new dir/below"
step undo_all
equal 'what the step made goes, what was there stays' there "$(ls "$work/f")"

fresh
three() { undo_on said one; undo_on said two; undo_on said two; }
said() { say "took back $1"; [ "$1" != "${refuse:-}" ] || return 1; }
step three
refuse=one
step undo_all
equal 'undo goes backwards, once each' 'took back two
took back one' "$(grep -v ^error "$work/out")"
equal 'an undo that fails' 1 "$rc"
refuse=
step undo_all
equal 'goes on where it stopped' 'took back one' "$(cat "$work/out")"
fresh
step three
refuse=two
step undo_all
equal 'after one that fails the others still run' '1 changed' "$rc $outcome"
refuse=
step undo_all
equal 'only what failed is tried again' 'took back two' "$(cat "$work/out")"

fresh
mkdir -p "$CPMG_SAVED" && echo 'nonsense here' >"$CPMG_SAVED/journal"
step undo_all
equal 'a journal that is not understood stops undo' 1 "$rc"

# Links, folders, extended attributes, holes; what is saved, and when
fresh
printf 'x' >"$work/f/target" && ln -s target "$work/f/link"
step write y "$work/f/link"
equal 'writing through a link' 'y target' "$(cat "$work/f/target") $(readlink "$work/f/link")"
step undo_all
equal 'undo through a link' 'x target' "$(cat "$work/f/target") $(readlink "$work/f/link")"
ln -s nowhere "$work/f/dangling"
step write y "$work/f/dangling"
equal 'writing through a link to nothing' 'y nowhere' "$(cat "$work/f/nowhere") $(readlink "$work/f/dangling")"
step undo_all
equal 'leaves the link, not the file' 'no nowhere' "$([ -e "$work/f/nowhere" ] && echo yes || echo no) $(readlink "$work/f/dangling")"
step write y "$work/f"
equal 'a folder is no file' 1 "$rc"
step write y "$work/f/none/x"
equal 'a file in a folder that is missing' "1 error: the folder of $work/f/none/x does not exist: is its package installed?" "$rc $(cat "$work/out")"

fresh
printf 'x' >"$work/f/file" && ln -s file "$work/f/old"
links() { link_ensure "$work/f/old" other; link_ensure "$work/f/new" file; link_ensure "$work/f/file" old; }
step links
equal 'links are made' 'other file old changed' "$(readlink "$work/f/old") $(readlink "$work/f/new") $(readlink "$work/f/file") $outcome"
step links
equal 'links that are there' unchanged "$outcome"
step undo_all
equal 'links are taken back' 'file old file x' "$(cd "$work/f" && echo ./* | sed 's/\.\///g') $(readlink "$work/f/old") $(cat "$work/f/file")"

fresh
deep() { dir_ensure "$work/f/a/b/c" 0750; }
step deep
equal 'dir_ensure makes what is above' '755 755 750 changed' "$(stat -c %a "$work/f/a" "$work/f/a/b" "$work/f/a/b/c" | tr '\n' ' ')$outcome"
: >"$work/f/a/b/c/mine" && : >"$work/f/a/theirs"
step undo_all
equal 'undo removes the folder with its content, one above it only when it is empty' '0 theirs' "$rc $(ls "$work/f/a")"

fresh
printf 'one' >"$work/f/x" && touch -d '2020-02-02 02:02:02' "$work/f/x"
# An attribute, and an access list (user 12 may read) as the kernel keeps it
attributes() { # set | clear | show
    python3 -c '
import os, sys
path, what = sys.argv[1:]
names = {"user.cpmg": b"kept", "system.posix_acl_access": bytes.fromhex("02000000 01000600ffffffff 020004000c000000 04000400ffffffff 10000400ffffffff 20000400ffffffff")}
for name, value in names.items():
    if what == "set":
        os.setxattr(path, name, value)
    elif what == "clear":
        os.removexattr(path, name)
print(*(n for n, v in names.items() if n in os.listxattr(path) and os.getxattr(path, n) == v))' "$work/f/x" "$1" 2>/dev/null
}
if [ "$(attributes set)" = 'user.cpmg system.posix_acl_access' ]; then
    step write two "$work/f/x"
    equal 'attributes and access list stay' 'user.cpmg system.posix_acl_access' "$(attributes show)"
    attributes clear >/dev/null
    step undo_all
    equal 'attributes and access list are restored' 'one user.cpmg system.posix_acl_access' "$(cat "$work/f/x") $(attributes show)"
    step ini_set "$work/f/x" '' k v
    equal 'ini_set keeps them, too' 'user.cpmg system.posix_acl_access' "$(attributes show)"
    step undo_all
else
    skipped='attributes and access lists: skipped, python3 or the filesystem cannot do them'
fi
step write two "$work/f/x"
step undo_all
equal 'the time is restored' 2020-02-02 "$(stat -c %y "$work/f/x" | cut -d ' ' -f 1)"
truncate -s 4M "$work/f/hole" && touch "$work/f/hole"
sums() { cksum <"$work/f/hole"; }
before=$(sums)
step save_file "$work/f/hole"
equal 'a file with a hole is saved with its hole' yes "$([ "$(du -k "$work/saved/module/step/files$work/f/hole" | cut -f 1)" -lt 1024 ] && echo yes)"
printf 'x' >"$work/f/hole"
step undo_all
equal 'a file with a hole is restored' "$before" "$(sums)"

fresh
printf 'one' >"$work/f/x"
step write two "$work/f/x"
step undo_all
printf 'later' >"$work/f/x"
step write three "$work/f/x"
step undo_all
equal 'after an undo a second run saves anew' later "$(cat "$work/f/x")"
mkdir -p "$CPMG_SAVED/files$work/f" && printf 'half' >"$CPMG_SAVED/files$work/f/gone" # killed while it was saved
step write x "$work/f/gone"
step undo_all
equal 'half a copy of a killed attempt is not restored' no "$([ -e "$work/f/gone" ] && echo yes || echo no)"
printf 'one\n' >"$work/f/x"
step file_edit "$work/f/x" sed 's/one/two/'
equal 'file_edit' 'two changed' "$(cat "$work/f/x") $outcome"
step file_edit "$work/f/x" sed 's/one/two/'
equal 'file_edit of the same' unchanged "$outcome"
step file_edit "$work/f/x" false
equal 'file_edit that fails leaves the file' '1 two' "$rc $(cat "$work/f/x")"
step file_edit "$work/f/none" cat
equal 'file_edit needs the file' "1 error: $work/f/none does not exist: is its package installed?" "$rc $(cat "$work/out")"

# Words
fresh
step url_quote 'aZ0._~-:/@%$ é'
equal 'url_quote' 'aZ0._~-%3A%2F%40%25%24%20%C3%A9' "$(cat "$work/out")"
secret() { f=$(secret_file 's3cret'); stat -c %a "$f"; cat "$f"; }
step secret
equal 'secret_file is private' '600
s3cret' "$(cat "$work/out")"
equal 'secret_file goes with the step' no "$([ -e "$CPMG_ATTEMPT/tmp" ] && echo yes || echo no)"
step fail 'what is wrong'
equal 'fail' '1 error: what is wrong' "$rc $(cat "$work/out")"
step wait_for 1 false
equal 'wait_for gives up' 1 "$rc"
slow() { echo try >>"$work/tries"; sleep 1; false; }
step wait_for 1 slow
equal 'wait_for counts seconds, not tries' yes "$([ "$(wc -l <"$work/tries")" -le 3 ] && echo yes)"
step wait_for 1 true
equal 'wait_for' 0 "$rc"
if command -v dpkg-query >/dev/null; then
    step pkg_missing dpkg no-such-package-1 sed no-such-package-2
    equal 'pkg_missing' 'no-such-package-1
no-such-package-2' "$(cat "$work/out")"
fi

# No helper hands a secret to a process as an argument or in its environment. The programs are replaced by ones that write
# down what they are given.
mkdir "$work/bin"
for name in python3 mariadb rabbitmqctl sed awk mktemp; do
    case $name in
        sed | awk | mktemp) then="exec $(command -v "$name") \"\$@\"" ;;
        *) then="cat >>'$work/stdin'" ;;
    esac
    printf '#!/bin/sh\n{ echo "$0 $*"; env; } >>"%s/seen"\n%s\n' "$work" "$then" >"$work/bin/$name"
    chmod 0755 "$work/bin/$name"
done
with_secret() {
    PATH=$work/bin:$PATH
    hidden=s3cr3t-word
    database_ensure db user "$hidden"
    rabbit_user_ensure user "$hidden"
    identity_begin http://127.0.0.1:1/v3 admin admin "$hidden"
    user_ensure user "$hidden"
    identity_apply
    secret_file "$hidden"
    url_quote "$hidden"
    ini_set "$work/f/x.conf" a k "$hidden"
}
fresh
printf '[a]\n' >"$work/f/x.conf"
step with_secret
equal 'helpers with secrets work' 0 "$rc"
equal 'programs were watched' yes "$(grep -q mariadb "$work/seen" && grep -q rabbitmqctl "$work/seen" && grep -q awk "$work/seen" && echo yes)"
equal 'no process is shown a secret' '' "$(grep s3cr3t-word "$work/seen" || :)"
equal 'secrets go by standard input' yes "$([ "$(grep -c s3cr3t-word "$work/stdin")" -ge 3 ] && echo yes)"

printf '%s\n' "${skipped:-nothing was skipped}"
finish
