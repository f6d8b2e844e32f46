# shellcheck shell=bash disable=SC1090,SC1091,SC2123,SC2034,SC2317,SC2329 # its functions and variables are for the steps that it sources
# Runs the steps of one node without touching anything, and writes down what they ask for.
#
#   bash --posix recorder.sh SANDBOX
#
# SANDBOX/steps lists the steps, one MODULE/STEP a line; SANDBOX/job is the bundle of the node; SANDBOX/secrets/MODULE.STEP
# the step's secrets. The real library is sourced and then those of its functions that act on a system are replaced by
# ones that write a line of tab separated words into SANDBOX/record. Files are written for real, below SANDBOX/root, by
# the library's own helpers, so that what stands there in the end is what the node would have. Every command that is not
# one of the tools in SANDBOX/tools is written down and succeeds without output (bash calls command_not_found_handle for it,
# which is why this is bash in its POSIX mode).
#
# A step never fails here: `fail` is written down and passed over, as every question is answered by silence.
set -u
SANDBOX=$1
RECORD=$SANDBOX/record
PATH=$SANDBOX/tools
export PATH LC_ALL=C
: >"$RECORD"

CHECKING='' # yes: within a step's `check`, where nothing is written down and nothing is as it should be

record() { # KIND WORD...: one line; a line feed within a word becomes a carriage return
    [ -z "$CHECKING" ] || return 0
    { printf '%s' "$1"; shift; [ $# = 0 ] || printf '\t%s' "$@" | tr '\n' '\r'; printf '\n'; } >>"$RECORD"
}

command_not_found_handle() { [ -z "$CHECKING" ] || return 1; record command - "$@"; answer "$@"; }
answer() { :; } # answers.sh has more

# Commands that the library needs for its files, and steps may use on the system's: only within the sandbox are they real.
guarded() { # TOOL WORD...
    case " $* " in
        *" $SANDBOX/"*) command "$@" ;;
        *) record command - "$@" ;;
    esac
}
twins() {
    for tool in rm mv cp ln mkdir rmdir chmod chown touch truncate; do eval "$tool() { guarded $tool \"\$@\"; }"; done

    # ---------------------------------------------------------------- words
    mark_changed() { :; }
    _changes() { :; }
    _never() { :; }
    _note() { :; }
    _noted() { return 1; }
    undo_on() { :; }
    made_by_step() { :; }
    save_file() { :; }
    fail() { record fail "$*"; }
    say() { printf '%s\n' "$*"; }
    url_quote() { printf '%s' "$1"; } # secrets are the guide's {PLACEHOLDERS}
    run_as() { [ -z "$CHECKING" ] || return 1; user=$1; shift; record command "$user" "$@"; answer "$@"; }
    run_quietly() { run_as "$@"; }
    wait_for() { :; }
    sleep() { :; }
    systemctl() { # what a step does with it by itself
        [ -z "$CHECKING" ] || { echo enabled; return 0; }
        case " $* " in
            *' stop '* | *' disable '* | *' mask '*) record stopped "$*" ;;
            *' enable '* | *' start '* | *' restart '*) record command - systemctl "$@" ;;
        esac
    }

    # ---------------------------------------------------------------- files
    _open() {
        _target=$1 _now=$SANDBOX/root$1
        mkdir -p "${_now%/*}"
        _new=$(_beside "$_now")
        rm -f "$_new"
    }
    _must_exist() { [ -f "$_now" ] || : >"$_now"; }
    _put() { mv -f "$_new" "$_now"; }
    _own() { :; }
    dir_ensure() { record folder "$@"; }
    link_ensure() { record link "$@"; }
    restart_needed() { :; }

    # ---------------------------------------------------------------- packages, services
    pkg_install() {
        # shellcheck disable=SC2086 # a list
        [ $# -gt 0 ] || set -- ${CPMG_PACKAGES-}
        for name; do record package "$name"; done
    }
    pkg_missing() { [ -z "$CHECKING" ] || printf '%s\n' "$@"; }
    _unit() { :; }
    service_brings() { :; }
    service_enable() { for name; do record service "$name"; done; }
    service_try_restart() { :; }
    services_good() { return 1; }
    unit_enable() { record service "$1"; }
    unit_stale() { :; }
    unit_good() { return 1; }
    must_run() { :; }
    port_open() { return 1; }
    wait_port() { record port "$1"; }

    # ---------------------------------------------------------------- databases, messages
    database_ensure() {
        record database "$1"
        db=$1 user=$2 password=$3; shift 3
        [ $# -gt 0 ] || set -- localhost %
        for host; do record grant "$db" "$user" "$host" "$password"; done
    }
    database_good() { return 1; }
    database_save() { :; }
    _sql() { cat >/dev/null; }
    rabbit_user_ensure() {
        record command - rabbitmqctl add_user "$1" "$2"
        record command - rabbitmqctl set_permissions "$1" '.*' '.*' '.*'
    }

    # ---------------------------------------------------------------- Keystone
    identity_begin() { :; }
    _identity_add() { record "identity_$1" "${@:2}"; }
    identity_apply() { :; }
    identity_good() { return 1; }

    # ---------------------------------------------------------------- objects of the cloud
    _objects_add() { record "object_$1" "${@:2}"; }
    objects_apply() { :; }
    objects_good() { return 1; }
    object_show() { # the guide's {PLACEHOLDERS}
        case $1/$3 in
            project/id) echo '{SERVICE_PROJECT_ID}' ;;
            group/id) echo '{LB_MGMT_SEC_GRP_ID}' ;;
            network/id) echo '{LB_MGMT_NET_ID}' ;;
            port/id) echo '{OCTAVIA_MGMT_PORT_ID}' ;;
            port/mac_address) echo '{OCTAVIA_MGMT_PORT_MAC}' ;;
            *) echo "$3" ;;
        esac
    }
}

while IFS= read -r STEP <&3; do
    MODULE=${STEP%%/*}
    (
        ACTION=run
        CPMG_JOB=$SANDBOX/job CPMG_FILES=$SANDBOX/job/files/$MODULE
        CPMG_ATTEMPT=$SANDBOX/attempts/$MODULE.${STEP#*/} CPMG_SAVED=$SANDBOX/saved/$STEP
        mkdir -p "$CPMG_ATTEMPT" "$CPMG_SAVED"
        cd "$CPMG_ATTEMPT" || exit 1
        record step "$STEP"
        . "$CPMG_JOB/vars/$MODULE.sh"
        . "$SANDBOX/secrets/$MODULE.${STEP#*/}"
        . "$CPMG_JOB/lib.sh"
        trap - EXIT HUP INT TERM
        twins
        [ ! -e "$SANDBOX/answers.sh" ] || . "$SANDBOX/answers.sh"
        . "$CPMG_JOB/steps/$STEP.sh"
        # what a step finds not to be its business on this node
        if [ "$(command -v check)" = check ] && (CHECKING=yes; check) >/dev/null 2>&1; then record "done" "$STEP"; exit 0; fi
        run
        record "done" "$STEP"
    ) </dev/null >>"$SANDBOX/output" 2>&1
done 3<"$SANDBOX/steps"
