# shellcheck shell=sh disable=SC2034,SC2154 # variables are for lib.sh and for the tests that source this
# Runs functions as a step of their own, for the tests of the library. The caller sets $here, the project's root.

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# A step of its own: $work/saved stays from step to step, $work/attempt is fresh. Prints output, then the outcome.
CPMG_JOB=$work/job CPMG_SAVED=$work/saved/module/step CPMG_ATTEMPT=$work/attempt NODE_NAME=node REGION=RegionOne
STEP=module/step ACTION=run
cat "$here/roles/lib.sh" "$here"/roles/lib/*.sh >"$work/lib.sh" # as the bundle has it
mkdir -p "$CPMG_JOB"
step() {
    rm -rf "$CPMG_ATTEMPT" && mkdir -p "$CPMG_ATTEMPT"
    set +e # a step runs under set -e, which && and if would switch off in it
    (
        set -e
        # shellcheck source=/dev/null
        . "$work/lib.sh"
        "$@"
    ) >"$work/out" 2>&1
    rc=$?
    set -e
    if [ -e "$CPMG_ATTEMPT/outcome" ]; then outcome=$(cat "$CPMG_ATTEMPT/outcome"); else outcome=unchanged; fi
}
fresh() { rm -rf "$work/saved" "$work/f" && mkdir "$work/f"; }

equal() { # WHAT WANTED GOT
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n--- wanted\n%s\n--- got\n%s\n' "$1" "$2" "$3"
    fi
}

write() { printf '%s' "$1" | { shift; file_write "$@"; }; }

finish() {
    printf '%s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" = 0 ]
}
