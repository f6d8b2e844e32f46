#!/bin/sh
# The node's side of cpmg's runner: starts steps that outlive the connection, and tells how they are doing.
#
#   runner.sh serve                          takes commands on standard input, answers with frames on standard output
#   runner.sh step STEP ATTEMPT SECRETS      runs one attempt; started by serve only
#
# Needs a POSIX shell (dash, bash, busybox ash), mkdir, mkfifo, cat, dd, rm, setsid and Linux's /proc. Lies in the job's folder
# beside lib.sh, steps/MODULE/STEP.sh, vars/MODULE.sh and files/MODULE/. Everything about an attempt is in
# run/MODULE.STEP.ATTEMPT/ (ATTEMPT is 1, 2, ...; u1, u2, ... when it undoes; c1, c2, ... when it only checks):
#
#   claim     "PID BOOTID" of the process that runs it. Made with O_EXCL: whoever makes it runs the step, once.
#   out       standard output and standard error, together
#   outcome   "changed" or "unchanged"
#   rc        exit status, written last, and valid only with its newline: no step has ended without it
#   full      an empty file: the disk had no room for claim or rc
#   down      an empty file: the node's system, on its way down, ended it; it has no rc
#
# So the truth is in files, and a lost connection, a killed serve or a dead engine touch nothing. A process without rc is
# running if /proc knows a process of that number and command line, in the same boot; otherwise it was killed, or the node
# was rebooted. ../../busy names the last step that was begun on the node: the next one waits until its process is gone.
#
# Commands, one a line, shorter than 200 bytes, all of five words and a full stop, so that a torn one is noticed; before
# them one line with the NONCE, a word that begins every frame:
#   start STEP ATTEMPT OFFSET SECRETS . run it, or attach where it was started before. SECRETS: name of a file in its folder, or -
#   follow STEP ATTEMPT OFFSET - .      what it printed from OFFSET on, and its state
#   status STEP ATTEMPT - - .           its state
#   kill STEP ATTEMPT TERM|KILL - .     to its whole process group
#   quit - - - - .
# Frames:
#   NONCE hello PROTOCOL BOOTID
#   NONCE out STEP ATTEMPT START<newline> raw bytes <newline>NONCE state STEP ATTEMPT STATE
#   NONCE state STEP ATTEMPT STATE
#   NONCE error TEXT
# START is OFFSET rounded down to 4096; at most 256 KiB follow. STATE: absent, starting, running, ended RC OUTCOME,
# lost killed, lost rebooted, lost full. "ended" with less than 256 KiB is all there is. The end of a step that is followed comes unasked.
#
# There is one source of events: a FIFO, into which a background cat copies standard input and every ending step writes
# "done STEP ATTEMPT - - .". So serve sleeps in one read, and a step costs three forks.

set -u
PROTOCOL=1
JOB=${0%/*}
read -r BOOT </proc/sys/kernel/random/boot_id

alive() { # PID STEP ATTEMPT: whether that process is the one that runs the attempt
    # Its command line names the attempt, and no other process ever claims it. A dead one that waits for its parent has none.
    _line=
    { read -r _line <"/proc/$1/cmdline"; } 2>/dev/null || :
    case $_line in *"$0step$2$3"*) ;; *) return 1 ;; esac
}

ended() { # DIRECTORY: STATE, if there is a complete rc
    [ -s "$1/rc" ] || return 1
    read -r _rc <"$1/rc" || return 1
    _outcome=unchanged
    [ ! -s "$1/outcome" ] || read -r _outcome <"$1/outcome" || :
    STATE="ended $_rc $_outcome"
}

state() { # STEP ATTEMPT: STATE, and PID where it runs
    _dir=$JOB/run/$1.$2
    ended "$_dir" && return
    STATE=absent
    [ -e "$_dir/claim" ] || return 0
    STATE='lost full'
    [ ! -e "$_dir/full" ] || return 0
    STATE='lost rebooted'
    [ ! -e "$_dir/down" ] || return 0
    STATE=starting
    { read -r PID _boot <"$_dir/claim"; } 2>/dev/null || return 0
    STATE='lost rebooted'
    [ "$_boot" = "$BOOT" ] || return 0
    STATE=running
    ! alive "$PID" "$1" "$2" || return 0
    # It may have ended since we looked for rc.
    ended "$_dir" && return
    STATE='lost killed'
    [ ! -e "$_dir/full" ] || STATE='lost full'
}

# ---------------------------------------------------------------- serve

remember() { # STEP ATTEMPT OFFSET: its end is to be told
    forget "$1" "$2"
    FOLLOWED="$FOLLOWED $1/$2=$3"
}

forget() { # STEP ATTEMPT
    _left=
    for _one in $FOLLOWED; do
        case $_one in "$1/$2="*) ;; *) _left="$_left $_one" ;; esac
    done
    FOLLOWED=$_left
}

report() { # STEP ATTEMPT OFFSET
    # The state first: what an ended step printed is complete.
    state "$1" "$2"
    _out=$JOB/run/$1.$2/out
    _block=$(($3 / 4096))
    if [ -s "$_out" ]; then
        printf '%s out %s %s %s\n' "$NONCE" "$1" "$2" "$((_block * 4096))"
        dd if="$_out" bs=4096 skip="$_block" count=64 2>/dev/null
        printf '\n%s state %s %s %s\n' "$NONCE" "$1" "$2" "$STATE"
    else
        printf '%s state %s %s %s\n' "$NONCE" "$1" "$2" "$STATE"
    fi
}

start() { # STEP ATTEMPT OFFSET SECRETS
    _dir=$JOB/run/$1.$2
    remember "$1" "$2" "$3"
    if [ -e "$_dir/claim" ]; then
        [ "$4" = - ] || rm -f "$_dir/$4"
        report "$1" "$2" "$3"
        return
    fi
    [ -d "$_dir" ] || mkdir -p "$_dir"
    setsid sh "$0" step "$1" "$2" "$4" </dev/null >/dev/null 2>&1 3<&- &
}

end() { # STEP ATTEMPT TERM|KILL
    state "$1" "$2"
    if [ "$STATE" = running ]; then
        kill -"$3" "-$PID" 2>/dev/null
        # The process that would write it is gone.
        if [ "$3" = KILL ] && ! [ -s "$JOB/run/$1.$2/rc" ]; then
            printf '137\n' >"$JOB/run/$1.$2/rc"
        fi
        state "$1" "$2"
    fi
    printf '%s state %s %s %s\n' "$NONCE" "$1" "$2" "$STATE"
}

tidy() { # what dead serves left, and a folder for the first attempt at every step
    for _fifo in "$JOB"/serve.*; do
        [ ! -p "$_fifo" ] || [ -e "/proc/${_fifo##*.}" ] || rm -f "$_fifo"
    done
    for _file in "$JOB"/run/*/secrets-*; do
        [ ! -e "$_file" ] || [ -e "${_file%/*}/claim" ] || rm -f "$_file"
    done
    # Private scratch files, of an attempt that was killed and could not remove them.
    for _dir in "$JOB"/run/*/tmp; do
        [ -d "$_dir" ] || continue
        _name=${_dir%/tmp}
        _name=${_name##*/}
        state "${_name%.*}" "${_name##*.}"
        [ "$STATE" = running ] || rm -rf "$JOB/run/$_name/tmp"
    done
    set --
    for _script in "$JOB"/steps/*/*.sh; do
        _name=${_script#"$JOB/steps/"}
        _name=${_name%.sh}
        _dir=$JOB/run/${_name%%/*}.${_name#*/}.1
        [ ! -e "$_script" ] || [ -d "$_dir" ] || set -- "$@" "$_dir"
    done
    [ $# = 0 ] || mkdir -p "$@"
}

# The step's locale. Our own tools do without: loading it would take them longer than their work.
neutral_locale() {
    export LC_ALL=C CPMG_LOCALE=C
    for _locale in C.utf8 C.UTF-8; do
        [ ! -d "/usr/lib/locale/$_locale" ] || { CPMG_LOCALE=C.UTF-8; return; }
    done
    ! locale -a 2>/dev/null | grep -q -i -x 'C\.utf-\{0,1\}8' || CPMG_LOCALE=C.UTF-8
}

serve() {
    umask 077
    neutral_locale
    tidy
    set -f
    FIFO=$JOB/serve.$$
    mkfifo "$FIFO" || exit 1
    trap 'rm -f "$FIFO"' EXIT
    trap 'exit 0' HUP INT TERM
    exec 3<>"$FIFO" 4<&0 </dev/null
    { cat; printf '\nquit - - - - .\n'; } <&4 >&3 4<&- &
    exec 4<&-
    read -r NONCE <&3
    printf '%s hello %s %s\n' "$NONCE" "$PROTOCOL" "$BOOT"
    FOLLOWED=
    while read -r verb step attempt a b stop <&3; do
        case $verb$step$attempt$a$b in *[!a-zA-Z0-9.-]*) verb=bad ;; esac
        case $verb:$a in start:*[!0-9]* | follow:*[!0-9]*) verb=bad ;; esac
        case $verb:$stop in
            : | *:.) ;;
            *) verb=bad ;;
        esac
        case $verb in
            start) start "$step" "$attempt" "$a" "$b" ;;
            follow)
                remember "$step" "$attempt" "$a"
                report "$step" "$attempt" "$a"
                ;;
            status)
                state "$step" "$attempt"
                printf '%s state %s %s %s\n' "$NONCE" "$step" "$attempt" "$STATE"
                ;;
            kill) end "$step" "$attempt" "$a" ;;
            done)
                for one in $FOLLOWED; do
                    case $one in
                        "$step/$attempt="*)
                            report "$step" "$attempt" "${one##*=}"
                            forget "$step" "$attempt"
                            ;;
                    esac
                done
                ;;
            quit) break ;;
            '') ;;
            *) printf '%s error command not understood\n' "$NONCE" ;;
        esac
    done
}

# ---------------------------------------------------------------- step

# A step that was given up because its node did not answer may still run: two never work on a node at the same time.
alone() { # what this process's command line has in it
    _busy=${JOB%/jobs/*}/busy
    _told=
    while { read -r _pid _who <"$_busy"; } 2>/dev/null && [ -n "$_who" ] && [ "$_pid" != $$ ]; do
        _line=
        { read -r _line <"/proc/$_pid/cmdline"; } 2>/dev/null || :
        case $_line in *"$_who"*) ;; *) break ;; esac
        [ -n "$_told" ] || echo "waiting: another step of cpmg still runs on this node (process $_pid)"
        _told=yes
        sleep 1
    done
    # Over what is there: that takes no room of a full disk.
    { printf '%s %s\n' "$$" "$1" 1<>"$_busy"; } 2>/dev/null || :
}

goes_down() { # whether the system is being halted or rebooted
    [ "$(systemctl is-system-running 2>/dev/null)" = stopping ]
}

step() { # STEP ATTEMPT SECRETS
    umask 077
    CPMG_ATTEMPT=$JOB/run/$1.$2
    cd "$CPMG_ATTEMPT" || exit 1
    set -C
    { exec 9>claim; } 2>/dev/null || exit 0 # most shells exit by themselves
    set +C
    { printf '%s %s\n' "$$" "$BOOT" >&9; } 2>/dev/null || { : >full; exit 1; }
    exec >>out 2>&1 9>&-
    alone "$0step$1$2"
    # The signal is for the step; its status is still to be written.
    trap : HUP INT TERM
    SECRETS=$3
    # shellcheck disable=SC2034 # for the step
    CPMG_FILES=$JOB/files/${1%%.*} CPMG_SAVED=${JOB%/jobs/*}/saved/${1%%.*}/${1#*.} JOB_ID=${JOB##*/}
    CPMG_JOB=$JOB
    STEP=${1%%.*}/${1#*.}
    case $2 in u*) ACTION=undo ;; c*) ACTION=check ;; *) ACTION=run ;; esac
    (
        set -eu
        umask 022
        LC_ALL=$CPMG_LOCALE
        unset CPMG_LOCALE
        # shellcheck disable=SC2034 # for dry_run
        check() { CPMG_CHECKED=no && return 1; } # the step's script may have one
        run() { echo "error: $STEP has no function 'run': mend its script" && return 1; }
        undo() { echo "$STEP has nothing to undo"; }
        overrides_settled() { :; } # the library knows more
        # shellcheck disable=SC1090
        . "$CPMG_JOB/vars/${STEP%%/*}.sh"
        if [ "$SECRETS" != - ]; then
            [ -e "$CPMG_ATTEMPT/$SECRETS" ] || { echo "error: the secrets for $STEP are gone: try the step again" && exit 1; }
            # shellcheck disable=SC1090
            . "$CPMG_ATTEMPT/$SECRETS"
            rm -f "$CPMG_ATTEMPT/$SECRETS"
        fi
        # shellcheck disable=SC1091
        . "$CPMG_JOB/lib.sh"
        # shellcheck disable=SC1090
        . "$CPMG_JOB/steps/$STEP.sh"
        case $ACTION in
            undo) undo ;;
            check) dry_run ;;
            *) if check && overrides_settled; then :; else run; fi ;;
        esac
    )
    rc=$?
    # The next one is begun as soon as there is a status: nothing is left to do here that it could meet.
    { printf '0\n' 1<>"$_busy"; } 2>/dev/null || :
    # Whatever a system that goes down ended, by a signal or by taking away a service, says nothing about the step.
    # A step that cannot tell how it ended may have lost words, too. The name of an empty file needs no room.
    if [ "$rc" != 0 ] && goes_down; then : >down; elif { { [ -s outcome ] || printf 'unchanged\n' >outcome; } && printf '%s\n' "$rc" >rc; } 2>/dev/null; then :; else : >full; fi
    for fifo in "$CPMG_JOB"/serve.*; do
        # Opened for both ways, so that it never waits for a reader.
        [ ! -p "$fifo" ] || printf 'done %s %s - - .\n' "$1" "$2" 1<>"$fifo"
    done
}

case ${1-} in
    serve) serve ;;
    step) step "$2" "$3" "$4" ;;
    *) echo "usage: runner.sh serve" >&2 && exit 2 ;;
esac
