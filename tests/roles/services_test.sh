# shellcheck shell=sh disable=SC2016,SC2034,SC2154,SC2317 # scripts are written; variables are for lib.sh and come from support/steps.sh; functions are called by the steps
# Tests of roles/lib/services.sh and of steps with units of their own, that need neither root nor a node: `sh tests/roles/services_test.sh`. systemctl is
# played; the real one is tried in the lab.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/roles/support/steps.sh
. "$here/tests/roles/support/steps.sh"

mkdir "$work/bin"
# A unit is enabled, or active, if there is a file of that name; what was asked is told in $work/asked.
cat >"$work/bin/systemctl" <<'END'
#!/bin/sh
work=${0%/bin/*}
[ "$1" != -q ] || shift
verb=$1
shift
case $verb in
    show) [ "$2" = ActiveState ] || exit 0; if [ -e "$work/active-$4" ]; then echo active; else echo inactive; fi ;;
    is-enabled) if [ -e "$work/enabled-$1" ]; then echo enabled; else echo disabled; exit 1; fi ;;
    is-active) [ -e "$work/active-$1" ] ;;
    enable) : >"$work/enabled-$1" ;;
    start | restart) echo "$verb $1" >>"$work/asked"; : >"$work/active-$1" ;;
    *) echo "$verb" >>"$work/asked" ;;
esac
END
chmod 755 "$work/bin/systemctl"
PATH=$work/bin:$PATH
asked() { [ ! -e "$work/asked" ] || tr '\n' ' ' <"$work/asked"; rm -f "$work/asked"; }
due() { if [ -e "$work/saved/module/restart" ]; then echo due; else echo none; fi; }

# ---------------------------------------------------------------- a unit of a step's own

# How such a step looks: provider.sh, flat.sh and Octavia's interface.sh.
UNIT=$work/f/own.service
unit() { printf 'MTU=%s\n' "$MTU"; }
own() {
    unit | cmp -s - "$UNIT" || unit_stale
    unit | file_write "$UNIT" 0644
    systemctl daemon-reload
    unit_enable own
}
own_good() { unit | cmp -s - "$UNIT" && unit_good own; }

fresh
MTU=1500
step restart_needed
step own_good
equal 'there is something to do at first' no "$([ "$rc" = 0 ] || echo no)"
step own
equal 'it is started' '0 changed' "$rc $outcome"
equal 'once' 'daemon-reload restart own ' "$(asked)"
equal 'the restart of services stays due' due "$(due)"
step own_good
equal 'then there is nothing to do, also while the restart is due' 0 "$rc"
rm -f "$work/saved/module/restart"
step own
equal 'nor does a second run do anything' 'unchanged daemon-reload  none' "$outcome $(asked) $(due)"
MTU=9000
step own_good
equal 'a changed file is something to do' 1 "$rc"
step own
equal 'and starts it again' 'changed daemon-reload restart own  due' "$outcome $(asked) $(due)"
step unit_stale
step own_good
equal 'so does an attempt that was killed before that' 1 "$rc"
step own
equal 'and the next one does it' 'changed daemon-reload restart own ' "$outcome $(asked)"
step own_good
equal 'once, too' 0 "$rc"

# ---------------------------------------------------------------- a node that is controller and compute node

nova() { # SCRIPT: its run
    SERVICES=nova-api LIBVIRT_SERVICE=libvirtd COMPUTE_SERVICE=nova-compute LIBVIRT_BRINGS=''
    # shellcheck source=/dev/null
    . "$here/roles/modules/nova/$1"
    wait_port() { :; }
    must_run() { :; }
    run_as() { :; }
    run
}
fresh
for unit in nova-api libvirtd nova-compute; do : >"$work/active-$unit"; : >"$work/enabled-$unit"; done
NODE_ROLES='controller compute'
step restart_needed
step nova service.sh
equal 'services of a controller are restarted' 'restart nova-api ' "$(asked)"
equal 'and the agent that is there as well is still to be' due "$(due)"
step nova compute_service.sh
equal 'which its own step does' 'restart libvirtd restart nova-compute  none' "$(asked) $(due)"
step nova service.sh
equal 'then nothing is due' ' none unchanged' "$(asked) $(due) $outcome"
NODE_ROLES=controller
step restart_needed
step nova service.sh
equal 'on a controller alone nothing is left' 'restart nova-api  none' "$(asked) $(due)"

finish
