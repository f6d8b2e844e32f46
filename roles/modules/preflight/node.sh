# shellcheck shell=sh
# All faults of a node at once, so that the operator mends them in one go. A check that finds one ends the step, and there is
# nothing else to do; so a dry run looks at the node as thoroughly as an installation.
check() {
    faults=0
    bad() { say "error: $*"; faults=$((faults + 1)); }

    # shellcheck source=/dev/null
    . /etc/os-release
    case $ID.$VERSION_ID. in "$OS_ID.$OS_VERSION."*) fits=yes ;; *) fits=no ;; esac # 22.04 is whole, 12 also fits 12.4
    if [ "$fits" = no ]; then
        bad "this is ${PRETTY_NAME:-$ID}; platform $PLATFORM is for $OS_ID $OS_VERSION. Choose the platform that fits or reinstall the node"
    fi
    [ "$(id -u)" = 0 ] || bad "steps run as root, not as $(id -un). Give cpmg a credential of root"
    [ -d /run/systemd/system ] || bad "systemd does not run here"
    for tool in ip awk sed grep cmp stat readlink mktemp; do
        command -v "$tool" >/dev/null || bad "the command $tool is missing"
    done
    ip -o addr | awk '{ sub("/.*", "", $4); print $4 }' | grep -qxF -e "$NODE_ADDRESS" ||
        bad "no interface has the address $NODE_ADDRESS. Correct the node's address"
    for place in / /var; do
        free=$(df -Pm "$place" | awk 'NR == 2 { print $4 }')
        [ "$free" -ge "$DISK_MB" ] || bad "only $free MB are free on $place, $DISK_MB are needed"
    done
    case " $NODE_ROLES " in *' controller '*)
        memory=$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo)
        [ "$memory" -ge "$MEMORY_MB" ] || bad "a controller needs $MEMORY_MB MB of memory, this node has $memory"
    esac
    twice=$(printf '%s\n' "$NODES" | awk '{ if (n[$2]++) print $2; if (a[$1]++) print $1 }' | sort -u | tr '\n' ' ')
    [ -z "$twice" ] || bad "used by more than one node: $twice. Give each node a name and an address of its own"

    [ "$faults" = 0 ] || fail "$NODE_NAME cannot be installed yet; $faults to mend (see above)"
    say "$PRETTY_NAME on $(uname -m), $(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo) MB of memory, $free MB of disk free"
}

run() { :; }

undo() { :; }
