# shellcheck shell=sh disable=SC2034,SC2154,SC2317,SC2329 # variables and functions are for the step's script
# Tests of the writers for netplan and for CentOS 7's network scripts, against fixtures/network; neither root nor a node is needed.
# `sh tests/roles/network_writers_test.sh`; with the argument `write` the expected files are written anew.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/roles/support/steps.sh
. "$here/tests/roles/support/steps.sh"
cat "$here/roles/modules/network/apply.sh" >>"$work/lib.sh"
cat >>"$work/lib.sh" <<'END'
_net_mac() { case $1 in ens[345]) echo "fa:16:3e:00:00:0${1#ens}" ;; esac; }
network_writer() { printf '%s\n' "$WRITER"; }
END

RESOLV_CONF=$work/resolv.conf RESOLVED_D=$work/resolved.conf.d NET_NAMES='' INTERFACES=$work/none INTERFACES_D=$work/none.d
plan='public ens3 10.1.0.5/24 10.1.0.1 - br-ex fd00:1::5/64 fe80::1
cluster ens4 10.2.0.5/24 - 9000 - - -
br-mirror bond0 - - 1400 br-mirror - -
br-vlan ens5 - - - br-vlan - -'

writer() { # NAME: its files made, made again, taken back
    WRITER=$1 NETWORK_PORTS=$plan
    fresh
    mkdir -p "$work/saved"
    cp -R "$here/fixtures/network/$1/before" "$work/f/d"
    cp -R "$work/f" "$work/was"
    NETPLAN_D=$work/f/d IFCFG_D=$work/f/d
    step network_written
    equal "$1: nothing is as planned" 1 "$rc"
    step files
    equal "$1: the files are written" '0 changed' "$rc $outcome"
    [ "$rc" = 0 ] || cat "$work/out"
    if [ "$write" = write ]; then
        rm -rf "$here/fixtures/network/$1/after"
        cp -R "$work/f/d" "$here/fixtures/network/$1/after"
        chmod -R u=rwX,go=rX "$here/fixtures/network/$1/after"
    fi
    equal "$1: as expected" '' "$(diff -r "$here/fixtures/network/$1/after" "$work/f/d" 2>&1)"
    step network_written
    equal "$1: they are as planned then" 0 "$rc"
    step files
    equal "$1: a second time changes nothing" unchanged "$outcome"
    step undo_all
    equal "$1: undo puts everything back" '' "$(diff -r "$work/was" "$work/f" 2>&1)"
    rm -rf "$work/was"
}

refused() { # WHAT TEXT FILE-CONTENT: the writer of netplan says TEXT and writes nothing
    fresh
    mkdir -p "$work/f/d" "$work/saved"
    printf '%s\n' "$3" >"$work/f/d/50.yaml"
    step files
    case $rc:$(cat "$work/out") in 1:*"$2"*) told=yes ;; *) told=$rc:$(cat "$work/out") ;; esac
    equal "$1" yes "$told"
    equal "$1: nothing is written" "50.yaml $3" "$(ls "$work/f/d") $(cat "$work/f/d/50.yaml")"
}

write=${1-}
writer ifcfg
if python3 -c 'import yaml' 2>/dev/null; then
    writer netplan
    NETWORK_PORTS='cluster ens4 10.2.0.5/24 - - -'
    refused 'a pattern for many NICs' "netplan sets ens4 by the pattern en* of all-en" 'network: {version: 2, ethernets: {all-en: {match: {name: "en*"}, dhcp4: true}}}'
    refused 'options on one line with others' 'ens4 stands on one line with' 'network: {version: 2, ethernets: {ens4: {dhcp4: true}, ens7: {dhcp4: true}}}'
    refused 'what is no YAML' 'cannot be read' 'network: ['
    if command -v netplan >/dev/null; then
        mkdir -p "$work/root/etc" && cp -R "$here/fixtures/network/netplan/after" "$work/root/etc/netplan" && chmod 600 "$work"/root/etc/netplan/*
        equal 'netplan takes it' '' "$(netplan generate --root-dir "$work/root" 2>&1)"
    fi
else
    echo 'skipped: the writer for netplan (this machine has no YAML for Python)'
fi
finish
