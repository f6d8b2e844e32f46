# shellcheck shell=bash
# One node: its overlay, its supervisor, its life. Per node there is one process of ours, the supervisor, in a mount namespace of its own, so
# that the overlay is mounted nowhere else and goes when its processes go. It keeps a network namespace open per boot (a rebooted machine
# must not find the bridges and rules it had) and runs systemd-nspawn in it. When the supervisor dies, holder and nspawn die with it.

# What no process in a node may have: the clock and the kernel's modules are this machine's.
NODE_DROPPED=CAP_SYS_TIME,CAP_SYS_MODULE
# shellcheck disable=SC2034 # the same for setpriv, which `lab exec` uses
NODE_BOUNDING_SET=-sys_time,-sys_module

# Sets N_DIR (runtime), D_DIR (overlay), and NUMBER of a node of the running instance.
use_node() {
  check_name node "$1"
  NODE=$1
  N_DIR=${I_DIR:?}/nodes/$NODE
  [ -r "$N_DIR/number" ] || die "no node '$NODE' in instance '$INSTANCE' (nodes: $(node_names | tr '\n' ' '))"
  NUMBER=$(<"$N_DIR/number")
  D_DIR=$CACHE/nodes/cl$X/$NODE
}

# Reads what `up` wrote about the instance: X, SUITE, LOWER, PASSWORD.
use_running() {
  [ -r "$I_DIR/conf" ] || die "instance '$INSTANCE' is not up (lab up N)"
  # shellcheck source=/dev/null
  . "$I_DIR/conf"
}

node_names() {
  local path
  for path in "$I_DIR"/nodes/*/number; do
    [ -e "$path" ] || continue
    path=${path%/number}
    echo "$(<"$path/number") ${path##*/}"
  done | sort -n | cut -d' ' -f2
}

address() { echo "10.77.$X.$((NUMBER + 10))"; }
cluster_address() { echo "10.79.$X.$((NUMBER + 10))"; }
mac() { # LETTER
  local kind
  case $1 in m) kind=1 ;; p) kind=2 ;; *) kind=3 ;; esac
  printf '02:c1:%02x:0%d:00:%02x' "$X" "$kind" "$NUMBER"
}

# Fresh overlay for the node: a machine as its installer left it.
prepare_node() {
  local up=$D_DIR/upper hash
  mkdir -p "$up/etc" "$D_DIR/work" "$up/root/.ssh"
  follow_host "$up"
  seed_debs "$up"
  printf '%s\n' "$NODE" >"$up/etc/hostname"
  printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n::1\tlocalhost ip6-localhost ip6-loopback\n' "$NODE" >"$up/etc/hosts"
  printf 'ADDRESS=%s/24\nGATEWAY=10.77.%s.1\nCLUSTER=%s/24\n' "$(address)" "$X" "$(cluster_address)" >"$up/etc/lab-node.conf"
  chmod 700 "$up/root" "$up/root/.ssh"
  cp "$I_DIR/key.pub" "$up/root/.ssh/authorized_keys"
  chmod 600 "$up/root/.ssh/authorized_keys"
  hash=$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n' | { read -r salt || :; printf '%s\n%s' "$salt" "$PASSWORD"; } |
    perl -e 'chomp(my $s = <STDIN>); my $p = <STDIN>; print crypt($p, "\$6\$" . substr($s, 0, 16) . "\$")')
  awk -F: -v OFS=: -v h="$hash" '$1 == "root" { $2 = h } { print }' "$(lower_file etc/shadow)" >"$up/etc/shadow"
  chown root:shadow "$up/etc/shadow"
  chmod 640 "$up/etc/shadow"
}

lower_file() { # the file as nodes see it in the base, or in the layer above
  local dir
  for dir in ${LOWER//:/ }; do
    [ ! -e "$dir/$1" ] || { echo "$dir/$1" && return; }
  done
}

start_node() {
  : >"$N_DIR/console.log"
  rm -f "$N_DIR/pid" "$N_DIR/nspawn"
  local command=(unshare -m --propagation private "$LAB_DIR/lab" _supervise "$N_DIR")
  local settings=(CPMG_LAB_CACHE="$CACHE" CPMG_LAB_RUN="$RUN" CPMG_LAB_INSTANCE="$INSTANCE")
  if [ -d /run/systemd/system ]; then # a service of its own, so that it outlives the login session and has its own cgroup
    systemd-run -q --collect --unit="cpmg-lab-$X-$NODE" -p Delegate=yes -p KillMode=mixed -p TasksMax=infinity \
      "${settings[@]/#/--setenv=}" -- "${command[@]}" 9>&- || die "systemd-run could not start node $NODE"
  else
    env "${settings[@]}" setsid "${command[@]}" </dev/null >>"$N_DIR/console.log" 2>&1 9>&- 5>&- &
  fi
}

# The supervisor (runs as `lab _supervise N_DIR`, inside its mount namespace).
supervise() {
  local root=$N_DIR/root boots=0 status
  exec >>"$N_DIR/console.log" 2>&1 </dev/null
  proc_id $$ >"$N_DIR/pid.new" && mv "$N_DIR/pid.new" "$N_DIR/pid"
  exec 8<"$BASE"
  flock -s 8 # as long as this process lives, nobody removes the base
  mount --make-rprivate /
  mkdir -p "$root"
  mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$D_DIR/upper,workdir=$D_DIR/work" "$root" || exit 1
  while :; do
    boot_once
    status=$?
    harvest_debs "$D_DIR/upper"
    [ "$status" = 133 ] || break # 133: the node wants to be booted again
  done
  echo "lab: $NODE ended (status $status)"
}

boot_once() {
  local holder nspawn status letter name
  setpriv --pdeathsig KILL unshare -n sleep infinity 8<&- &
  holder=$!
  wait_until 60 other_namespace net "$holder" || return 1
  for letter in "${NIC_LETTERS[@]}"; do
    name=cl$X$letter$NUMBER
    ip link delete "$name" 2>/dev/null
    ip link add "$name" type veth peer name "$(nic_name "$letter")" address "$(mac "$letter")" netns "$holder" || return 1
    ip link set "$name" master "cl$X$letter"
    [ -e "$N_DIR/cut.$letter" ] || ip link set "$name" up
  done
  boots=$((boots + 1))
  echo "$boots" >"$N_DIR/boots"
  SYSTEMD_NSPAWN_LOCK=0 SYSTEMD_NSPAWN_API_VFS_WRITABLE=1 SYSTEMD_NSPAWN_TMPFS_TMP=0 \
    own_cgroup setpriv --pdeathsig KILL nsenter --net="/proc/$holder/ns/net" systemd-nspawn -q -D "$root" --machine="cl$X-$NODE" --hostname="$NODE" \
    --capability=all --drop-capability="$NODE_DROPPED" \
    --system-call-filter="@keyring bpf perf_event_open" --bind=/dev/net/tun --resolv-conf=off --timezone=off --link-journal=no \
    --boot --register=no --keep-unit --console=pipe 8<&- &
  nspawn=$!
  proc_id "$nspawn" >"$N_DIR/nspawn"
  wait_until 60 record_leader "$nspawn"
  wait "$nspawn"
  status=$?
  kill_left
  rm -f "$N_DIR/nspawn" "$N_DIR/leader"
  for letter in "${NIC_LETTERS[@]}"; do ip link delete "cl$X$letter$NUMBER" 2>/dev/null; done
  kill -9 "$holder"
  wait "$holder"
  return "$status"
}

other_namespace() { # KIND PID
  local theirs
  theirs=$(readlink "/proc/$2/ns/$1") && [ "$theirs" != "$(readlink "/proc/$$/ns/$1")" ]
}

# Without systemd on this machine all nodes would share one cgroup, and their systemds would manage each other's processes.
cgroup_dirs() {
  local top
  for top in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
    [ -w "$top/cgroup.procs" ] && echo "$top/cpmg-lab-$X-$NODE"
  done
}
own_cgroup() {
  local dir
  if [ ! -d /run/systemd/system ]; then
    for dir in $(cgroup_dirs); do
      mkdir -p "$dir" && echo "$BASHPID" >"$dir/cgroup.procs"
    done
  fi
  exec "$@"
}
drop_cgroup() {
  local dir
  for dir in $(cgroup_dirs); do
    [ -d "$dir" ] && find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null
  done
  return 0
}

# The node's own process 1 as this machine sees it; empty when the node is off.
leader() { ! alive "$N_DIR/leader" || echo "$PID"; }
record_leader() { # NSPAWN_PID ; also done when nspawn has ended
  local pid
  for pid in $(pgrep -P "$1"); do # it has helpers, too; process 1 is the child in another process namespace
    other_namespace pid "$pid" && proc_id "$pid" >"$N_DIR/leader" && return 0
  done
  [ -z "$(proc_id "$1")" ]
}

# Kills what a dead nspawn left: its child, the node's process 1, outlives it, and the kernel ends the rest of the node with that one.
kill_left() {
  local pid
  if alive "$N_DIR/leader"; then kill -9 "$PID" 2>/dev/null; fi
  for pid in $(left_in_cgroup); do kill -9 "$pid" 2>/dev/null; done
}
left_in_cgroup() {
  local dir
  [ ! -d /run/systemd/system ] || return 0
  for dir in $(cgroup_dirs); do find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null; done | sort -u
}
node_running() { alive "$N_DIR/pid" && [ -n "$(leader)" ]; }
node_off() { ! alive "$N_DIR/pid"; }

ssh_answers() { # does sshd send its banner?
  local line=''
  if [ -e "$N_DIR/cut.m" ]; then # cannot be asked over the network: does it listen (0016 = 22, 0A = listen)?
    grep -qs ':0016 0*:0000 0A' "/proc/$(leader)/net/tcp"
  else
    # shellcheck disable=SC2016
    line=$(timeout 2 bash -c 'exec 3<>"/dev/tcp/$1/22" && read -rt 2 line <&3 && echo "$line"' _ "$(address)" 2>/dev/null)
    [[ $line == SSH-2.0-* ]]
  fi
}

up_or_dead() { # for wait_until: sshd of boot number $1 or later answers, or there is nothing left to wait for
  [ "$(cat "$N_DIR/boots" 2>/dev/null || echo 0)" -ge "$1" ] && ssh_answers && ANSWERED=yes && return 0
  [ -e "$N_DIR/pid" ] && node_off
}

wait_node() { # BOOT
  # Asked once: on a machine with much to do a second answer may take longer than it is waited for.
  ANSWERED=no
  wait_until "$DEADLINE" up_or_dead "$1"
  if [ "$ANSWERED" = no ]; then
    tail -n 15 "$N_DIR/console.log" >&2
    say "$NODE: sshd does not answer at $(address) after ${DEADLINE}s or the node ended; its console: $N_DIR/console.log"
    return 1
  fi
}

# Ends the node's processes at once (power cord): supervisor, nspawn, process 1, and whatever else its cgroup holds.
kill_node() {
  local pid letter
  if [ -d /run/systemd/system ]; then systemctl kill -s KILL "cpmg-lab-$X-$NODE.service" 2>/dev/null; fi
  for pid in $(supervisors "$N_DIR"); do kill -9 "$pid" 2>/dev/null; done
  if alive "$N_DIR/nspawn"; then kill -9 "$PID" 2>/dev/null; fi
  kill_left
  wait_until 60 all_gone || say "$NODE: some of its processes do not end"
  rm -f "$N_DIR/pid" "$N_DIR/nspawn" "$N_DIR/leader"
  for letter in "${NIC_LETTERS[@]}"; do ip link delete "cl$X$letter$NUMBER" 2>/dev/null; done
  drop_cgroup
}
all_gone() { ! alive "$N_DIR/leader" && ! alive "$N_DIR/nspawn" && ! alive "$N_DIR/pid" && [ -z "$(left_in_cgroup)" ]; }

# Pids of supervisors of a node directory (or, given I_DIR/nodes/, of all), by their command line: works when every file of the lab is lost.
supervisors() {
  local file args pid
  for file in /proc/[0-9]*/cmdline; do
    { mapfile -d '' -t args <"$file"; } 2>/dev/null || continue
    pid=${file#/proc/} pid=${pid%/cmdline}
    [[ ${#args[@]} -ge 3 && ${args[-2]} == _supervise && ${args[-3]} == */lab ]] || continue
    if [ "${args[-1]}" = "$1" ] || [ "${args[-1]%/*}/" = "$1" ]; then echo "$pid"; fi
  done
}

# Kills nodes of subnet X that no file speaks of any more.
kill_strays() {
  local pid NODE='' top dir
  for pid in $(supervisors "$I_DIR/nodes/"); do kill -9 "$pid" 2>/dev/null; done
  if [ -d /run/systemd/system ]; then
    systemctl kill -s KILL "cpmg-lab-$X-*.service" 2>/dev/null
    wait_until 60 no_units || say "some units cpmg-lab-$X-* do not end"
  fi
  for top in $(cgroup_dirs); do
    for dir in "$top"*; do
      [ -d "$dir" ] || continue
      NODE=${dir#"$top"}
      for pid in $(left_in_cgroup); do kill -9 "$pid" 2>/dev/null; done
      wait_until 60 cgroup_empty || say "some processes of node $NODE do not end"
      drop_cgroup
      NODE=''
    done
  done
}
no_units() {
  [ -z "$(systemctl list-units --all --no-legend --plain --state=active,activating,deactivating,reloading "cpmg-lab-$X-*")" ]
}
cgroup_empty() { [ -z "$(left_in_cgroup)" ]; }
