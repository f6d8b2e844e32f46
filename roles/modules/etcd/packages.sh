# shellcheck shell=sh
run() {
    [ "$(printf '%s\n' "$CONTROLLERS" | grep -c .)" -le 1 ] ||
        fail "platform $PLATFORM installs etcd on one controller so far. Give the role controller to one node only"
    made_by_step /var/lib/etcd
    pkg_install
}

undo() { undo_all; }
