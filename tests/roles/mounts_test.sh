# shellcheck shell=sh disable=SC2016,SC2034,SC2154 # texts with $ are meant; variables are for lib.sh and come from support/steps.sh
# Undo and what is mounted below a folder that a step made: a share of volumes must not be emptied with it. Needs root and a mount name space of
# its own; where there is none it says so.
set -eu

if [ "${1:-}" != inside ]; then
    unshare -m true 2>/dev/null || { echo 'skipped: no mount name space can be made here'; exit 0; }
    exec unshare -m sh "$0" inside
fi
here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/roles/support/steps.sh
. "$here/tests/roles/support/steps.sh"

fresh
step made_by_step "$work/f/made"
mkdir -p "$work/f/made/mnt/one two" "$work/f/made/mnt/three"
mount -t tmpfs share "$work/f/made/mnt/one two"
mount -t tmpfs share "$work/f/made/mnt/three"
echo volume >"$work/f/made/mnt/one two/volume"
step undo_all
equal 'a folder with a share in it stays' '1 volume' "$rc $(cat "$work/f/made/mnt/one two/volume")"
equal 'and says what is mounted' yes "$(grep -q "$work/f/made/mnt/one two is mounted there" "$work/out" && echo yes)"
step unmount_below "$work/f/made"
equal 'what is mounted is taken away' '0 0' "$rc $(grep -c "$work/f/made" /proc/self/mounts || :)"
step undo_all
equal 'then the folder goes' '0 ' "$rc $(ls "$work/f")"
finish
