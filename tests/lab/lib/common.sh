# shellcheck shell=bash
# Names, places, locks and messages of the lab. Sourced by `lab`; no other file decides where something lies.
#
#   $RUN/INSTANCE/            runtime state of one lab: conf, key, nodes/NODE/{conf,pid,console.log,…}
#   $CACHE/base-*             the Debian base, one per recipe      $CACHE/layer-*   bases with packages added
#   $CACHE/debs               kept package archives                $CACHE/nodes/clX overlay uppers of subnet X
#
# X is the number of the lab's subnets (10.77.X.0/24 and so on) and names its bridges: clXm, clXp, clXc.

# shellcheck disable=SC2034 # used by the other parts
{
CACHE=${CPMG_LAB_CACHE:-/var/cache/cpmg-lab}
RUN=${CPMG_LAB_RUN:-/run/cpmg-lab}
INSTANCE=${CPMG_LAB_INSTANCE:-default}
DEADLINE=${CPMG_LAB_DEADLINE:-240} # seconds that a node may take to boot or to go down
SUITE=${CPMG_LAB_RELEASE:-bookworm} # Debian release of the nodes
SKIPPED=77 # exit status that test harnesses read as "skipped"
NIC_LETTERS=(m p c) # in names of this machine's ends of the cables; nic_name says what the node calls them
}

say() { printf 'lab: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}
skip() {
  say "$* (skipped)"
  exit "$SKIPPED"
}

nic_name() {
  case $1 in
    m) echo host0 ;;
    p) echo prov0 ;;
    c) echo clus0 ;;
  esac
}
nic_letter() {
  case $1 in
    host0 | mgmt | m) echo m ;;
    prov0 | p) echo p ;;
    clus0 | c) echo c ;;
    *) die "no such NIC: $1 (host0, prov0, clus0)" ;;
  esac
}

require_root() {
  local id=''
  [ "$(uname -s)" = Linux ] || skip "the lab runs on Linux only, this is $(uname -s)"
  # shellcheck source=/dev/null
  [ ! -r /etc/os-release ] || id=$(. /etc/os-release && echo "${ID:-} ${ID_LIKE:-}")
  case " $id " in
    *" debian "* | *" ubuntu "*) ;;
    *) skip "the lab needs Debian or Ubuntu (debootstrap, systemd-nspawn), this is '${id:-unknown}'" ;;
  esac
  [ "$(id -u)" = 0 ] || skip "the lab needs root: it mounts, makes bridges and boots containers"
}

# Tools the lab cannot do without, with the package each comes from.
require_tools() {
  local pair missing=()
  for pair in debootstrap:debootstrap systemd-nspawn:systemd-container ip:iproute2 nft:nftables \
    ssh-keygen:openssh-client flock:util-linux setpriv:util-linux pgrep:procps perl:perl-base; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing+=("${pair##*:}")
  done
  [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
  [ ${#missing[@]} -gt 0 ] || return 0
  [ -z "${CPMG_LAB_NO_INSTALL:-}" ] || die "missing: run apt-get install ${missing[*]}"
  say "installing what the lab misses: ${missing[*]}"
  local said
  said=$({ apt-get -qq -o DPkg::Lock::Timeout=600 update &&
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=600 install --no-install-recommends "${missing[@]}"; } </dev/null 2>&1) ||
    die "could not install them (${said##*$'\n'}): run apt-get install ${missing[*]}"
}

check_name() { # WHAT NAME
  [[ $2 =~ ^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$ ]] || die "$1 '$2': lower-case letters, digits and inner dashes, a letter first, at most 32"
}

use_instance() {
  check_name instance "$INSTANCE"
  I_DIR=$RUN/$INSTANCE
}

# Lock the instance: -x to make or remove it, -s for work on single nodes. Kept open as descriptor 9 until the process ends;
# whatever outlives the command must be started with 9>&-.
lock_instance() {
  while :; do
    mkdir -p "$I_DIR"
    exec 9<"$I_DIR"
    flock "$1" 9
    [ "$I_DIR" -ef /proc/self/fd/9 ] && return 0 # else: removed by whoever had the lock before
    exec 9<&-
  done
}

# Serialises what all labs of the machine share (subnet numbers, forwarding). Nothing is left behind: /run is always there.
lock_machine() {
  exec 6</run
  flock 6
}
unlock_machine() { exec 6<&-; }

# proc_id PID: "PID STARTTIME", empty when there is no such process or only its zombie. A pid alone may have been reused.
proc_id() {
  local stat
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
  stat=${stat##*) }
  # shellcheck disable=SC2086
  set -- "$1" $stat
  [ "$2" = Z ] || echo "$1 ${21}"
}

# alive FILE: is the process recorded in FILE (by proc_id) the one that runs now? Sets PID.
alive() {
  local was
  PID=''
  { was=$(<"$1"); } 2>/dev/null || return 1
  [ -n "$was" ] && [ "$(proc_id "${was%% *}")" = "$was" ] || return 1
  # shellcheck disable=SC2034
  PID=${was%% *}
}

# wait_until SECONDS COMMAND…: polls; 1 when the deadline passes.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.05
  done
}

host_boot() { cat /proc/sys/kernel/random/boot_id; }

json_string() {
  local s=${1//\\/\\\\}
  printf '"%s"' "${s//\"/\\\"}"
}
