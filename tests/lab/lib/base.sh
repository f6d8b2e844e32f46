# shellcheck shell=bash
# The Debian base that all nodes share (read-only, lower directory of their overlays), layers with packages on top of it, and
# the kept package archives. Everything is built in a temporary directory and renamed when whole, under a lock, so that
# an interrupted build or a second lab at the same time never yields half a base.

BASE_PACKAGES=systemd,systemd-sysv,libpam-systemd,dbus,openssh-server,iproute2,iputils-ping,procps,kmod,netbase,ca-certificates,sudo,tzdata,logrotate
# Units that would touch the host's kernel (nodes see the host's /sys and /proc/sys) or disturb a test by themselves.
MASKED_UNITS=(systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-udev-trigger.service
  systemd-udev-settle.service systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service
  systemd-modules-load.service systemd-sysctl.service systemd-binfmt.service proc-sys-fs-binfmt_misc.automount
  proc-sys-fs-binfmt_misc.mount kmod-static-nodes.service systemd-timesyncd.service systemd-rfkill.service
  systemd-rfkill.socket systemd-pstore.service sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount
  sys-kernel-config.mount dev-hugepages.mount dev-mqueue.mount console-getty.service getty.target apt-daily.timer
  apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer)

# This machine's Debian sources, one "URI SUITE" a line, for the nodes' release: component main, from Debian itself as far as apt knows.
host_sources() {
  local own=''
  # shellcheck source=/dev/null
  own=$(. /etc/os-release && [ "$ID" = debian ] && echo "${VERSION_CODENAME:-}")
  # shellcheck disable=SC2016 # apt's variables; an unknown one is printed as it stands
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' 2>/dev/null |
    awk -v s="$SUITE" -v own="$own" '$3 == "main" && ($4 == "Debian" || $4 ~ /ORIGIN/) {
      part = $2; sub(/^[^-]*/, "", part); name = substr($2, 1, length($2) - length(part))
      if ((name == s || (name == own && own != "")) && (part == "" || part == "-updates" || part == "-security")) {
        sub(/\/$/, "", $1); print $1, s part
      }
    }' | sort -u
}

# What apt needs here to reach its sources: proxies and checks as this machine has them.
host_apt_conf() {
  apt-config dump | grep -E '^Acquire::(https?(::|\b)|Check-Date|Check-Valid-Until|Retries|ForceIPv[46]|AllowInsecure)' || :
  [ -z "${http_proxy:-}" ] || printf 'Acquire::http::Proxy "%s";\n' "$http_proxy"
  [ -z "${https_proxy:-}" ] || printf 'Acquire::https::Proxy "%s";\n' "$https_proxy"
}

# Gives a root directory the way to the network that this machine has: names, certificates, package sources.
follow_host() { # ROOT (the directory to write), read when a node is made, so that it is never out of date
  local root=$1 resolv=/etc/resolv.conf sources
  mkdir -p "$root/etc/apt/apt.conf.d" "$root/etc/ssl/certs" "$root/usr/local/share/ca-certificates"
  if grep -qE '^nameserver +127\.' $resolv && [ -r /run/systemd/resolve/resolv.conf ]; then resolv=/run/systemd/resolve/resolv.conf; fi
  rm -f "$root/etc/resolv.conf"
  cat $resolv >"$root/etc/resolv.conf"
  host_apt_conf >"$root/etc/apt/apt.conf.d/80host"
  sources=$(host_sources)
  [ -z "$sources" ] || printf '%s\n' "$sources" | sed 's/.*/deb & main/' >"$root/etc/apt/sources.list"
  if ls /usr/local/share/ca-certificates/*.crt >/dev/null 2>&1; then
    cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
    cat /etc/ssl/certs/ca-certificates.crt >"$root/etc/ssl/certs/ca-certificates.crt"
  fi
}

# in_root ROOT COMMAND…: runs a command in a root directory with this machine's network.
in_root() {
  local root=$1
  shift
  SYSTEMD_NSPAWN_LOCK=0 systemd-nspawn -q -D "$root" --register=no --keep-unit --resolv-conf=off --timezone=off --pipe \
    --machine="lab-build-$$" --setenv=DEBIAN_FRONTEND=noninteractive --setenv=LC_ALL=C.UTF-8 "$@" </dev/null
}

base_id() { # changes with the recipe, and with nothing else
  { echo "$SUITE $BASE_PACKAGES ${MASKED_UNITS[*]}" && declare -f dress_base && cat "$LAB_DIR"/guest/*; } | sha256sum | cut -c1-12
}

# Makes the base unless it is there (some 300 MB and a minute, once); sets BASE. Until this command ends, nobody else removes that base.
ensure_base() {
  local tmp mirror log=$CACHE/base.log
  mkdir -p "$CACHE/debs"
  [ "$(stat -f -c %T "$CACHE")" != overlayfs ] ||
    die "$CACHE lies on an overlay filesystem, which cannot carry another: set CPMG_LAB_CACHE to a directory on ext4, xfs, btrfs or a tmpfs"
  BASE=$CACHE/base-$SUITE-$(base_id)
  exec 7<"$CACHE"
  flock -n 7 || { say "waiting for another lab that builds or cleans" && flock 7; }
  if [ ! -d "$BASE" ]; then
    rm -rf --one-file-system "$CACHE"/tmp-base.* # left by an interrupted build: the lock says that nobody builds now
    drop_old_bases
    tmp=$(mktemp -d "$CACHE/tmp-base.XXXXXX")
    chmod 755 "$tmp"
    say "building the base with Debian $SUITE (once; log: $log)"
    mirror=$(host_sources | awk -v s="$SUITE" '$2 == s { print $1; exit }')
    # shellcheck disable=SC2086
    debootstrap --variant=minbase --include="$BASE_PACKAGES" --cache-dir="$(realpath "$CACHE/debs")" "$SUITE" "$tmp/root" $mirror \
      </dev/null >"$log" 2>&1 || die "debootstrap failed: $(tail -3 "$log")"
    (dress_base "$tmp/root") >>"$log" 2>&1 || die "could not finish the base: $(tail -3 "$log")"
    mv "$tmp/root" "$BASE"
    rmdir "$tmp"
  fi
  exec 8<"$BASE"
  flock -s 8
  touch "$CACHE/used-${BASE##*/}"
  exec 7<&-
}

dress_base() { # ROOT
  local root=$1 unit
  set -e # meant for a subshell
  printf 'force-unsafe-io\n' >"$root/etc/dpkg/dpkg.cfg.d/lab"
  printf '%s\n' 'APT::Keep-Downloaded-Packages "true";' 'Binary::apt::APT::Keep-Downloaded-Packages "true";' 'Acquire::Languages "none";' \
    >"$root/etc/apt/apt.conf.d/70lab"
  follow_host "$root"
  for unit in "${MASKED_UNITS[@]}"; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done
  mkdir -p "$root/usr/local/lib/lab" "$root/etc/systemd/system/multi-user.target.wants"
  install -m 755 "$LAB_DIR/guest/node-boot" "$root/usr/local/lib/lab/node-boot"
  install -m 644 "$LAB_DIR/guest/lab-node.service" "$root/etc/systemd/system/lab-node.service"
  ln -sf ../lab-node.service "$root/etc/systemd/system/multi-user.target.wants/lab-node.service"
  mkdir -p "$root/etc/ssh/sshd_config.d"
  install -D -m 644 "$LAB_DIR/guest/chrony-without-clock.conf" "$root/etc/systemd/system/chrony.service.d/lab.conf"
  printf 'PermitRootLogin yes\n' >"$root/etc/ssh/sshd_config.d/lab.conf"
  in_root "$root" sh -ec 'update-ca-certificates; apt-get -q update; systemctl enable ssh'
  rm -f "$root"/etc/ssh/ssh_host_* "$root"/var/cache/apt/archives/*.deb "$root"/var/log/*.log "$root/etc/hostname"
  : >"$root/etc/machine-id" # else all nodes would share one
  rm -f "$root/var/lib/dbus/machine-id"
}

# Bases of other recipes go when no lab uses them (a shared lock says so) and none has for three days; their layers go with them.
drop_old_bases() {
  local old
  for old in "$CACHE"/base-*-*; do
    [ ! -d "$old" ] || [ -n "$(find "$CACHE/used-${old##*/}" -mtime -3 2>/dev/null)" ] ||
      flock -xn "$old" rm -rf --one-file-system "$old" "$CACHE/used-${old##*/}"
  done
  for old in "$CACHE"/layer-*; do
    [ ! -d "$old" ] || [ -d "$(cat "$old/base" 2>/dev/null)" ] || rm -rf --one-file-system "$old"
  done
}

# How a layer is made: its services did not run, and do not run at boot either; otherwise every node of a lab would have them all.
# shellcheck disable=SC2016
LAYER='
enabled() { systemctl --root=/ list-unit-files --no-legend --state=enabled | cut -d " " -f 1 | sort; }
before=$(enabled)
printf "#!/bin/sh\nexit 101\n" >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d
apt-get -q update
apt-get -q -y install --no-install-recommends "$@"
rm /usr/sbin/policy-rc.d
enabled | grep -vxF "$before" | xargs -r systemctl --root=/ disable
'

# ensure_layer PACKAGES: a base with these packages installed; sets LOWER to what nodes are mounted on.
ensure_layer() {
  local packages layer tmp
  LOWER=$BASE
  read -ra packages <<<"$1"
  [ ${#packages[@]} -gt 0 ] || return 0
  layer=$CACHE/layer-$( (printf '%s\n' "$BASE" "$LAYER" && printf '%s\n' "${packages[@]}" | sort -u) | sha256sum | cut -c1-12)
  if [ ! -d "$layer" ]; then
    exec 7<"$CACHE"
    flock 7
    if [ ! -d "$layer" ]; then
      rm -rf --one-file-system "$CACHE"/tmp-layer.*
      tmp=$(mktemp -d "$CACHE/tmp-layer.XXXXXX")
      say "building a layer with ${packages[*]} (once; log: $CACHE/layer.log)"
      over_base "$tmp" "$BASE" "$LAYER" "${packages[@]}" \
        >"$CACHE/layer.log" 2>&1 || { rm -rf --one-file-system "$tmp" && die "could not install ${packages[*]}: $(tail -3 "$CACHE/layer.log")"; }
      rm -f "$tmp"/upper/var/cache/apt/archives/*.deb "$tmp"/upper/etc/ssh/ssh_host_* "$tmp"/upper/etc/{machine-id,hostname}
      printf '%s\n' "$BASE" >"$tmp/base"
      chmod 755 "$tmp" "$tmp/upper"
      mv "$tmp" "$layer"
    fi
    exec 7<&-
  fi
  # shellcheck disable=SC2034 # read by node.sh
  LOWER=$layer/upper:$BASE
}

# over_base TMP LOWER SCRIPT ARGS…: runs a script on a writable overlay (TMP/upper) of LOWER, in a mount namespace that ends with it; keeps
# what it downloaded.
over_base() {
  local tmp=$1 lower=$2
  shift 2
  mkdir -p "$tmp/upper/var/cache/apt/archives" "$tmp/work" "$tmp/root"
  follow_host "$tmp/upper"
  seed_debs "$tmp/upper"
  LAB_TMP=$tmp LAB_LOWER=$lower unshare -m "$LAB_DIR/lab" _over "$@"
  local rc=$?
  harvest_debs "$tmp/upper"
  rm -rf --one-file-system "$tmp/work"
  rmdir "$tmp/root" 2>/dev/null
  return $rc
}

over_child() { # SCRIPT ARGS… ; the part of over_base inside the mount namespace
  local script=$1
  shift
  mount -t overlay overlay -o "lowerdir=$LAB_LOWER,upperdir=$LAB_TMP/upper,workdir=$LAB_TMP/work" "$LAB_TMP/root" || exit 1
  in_root "$LAB_TMP/root" sh -ec "$script" lab "$@"
}

# warm PACKAGES…: downloads packages and what they need, so that installations later measure installing and not the network.
warm() {
  local tmp
  ensure_base
  tmp=$(mktemp -d "$CACHE/tmp-warm.XXXXXX")
  # shellcheck disable=SC2016
  over_base "$tmp" "$BASE" 'apt-get -q update; apt-get -q -y install --download-only --no-install-recommends "$@"' "$@" >"$tmp/log" 2>&1 || {
    tail -5 "$tmp/log" >&2
    rm -rf --one-file-system "$tmp"
    die "could not download: $*"
  }
  rm -rf --one-file-system "$tmp"
  say "$(find "$CACHE/debs" -name '*.deb' | wc -l) packages kept, $(du -sh "$CACHE/debs" | cut -f1)"
}

# Package archives are hard links: a node gets all that are kept, apt finds them and downloads the rest; those are kept in turn. No
# directory is shared between nodes, so no apt waits for another's lock.
seed_debs() { # UPPER
  mkdir -p "$1/var/cache/apt/archives"
  find "$CACHE/debs" -name '*.deb' -exec ln -ft "$1/var/cache/apt/archives" {} +
}
harvest_debs() { # UPPER
  [ -d "$1/var/cache/apt/archives" ] || return 0
  find "$1/var/cache/apt/archives" -maxdepth 1 -name '*.deb' -links 1 -exec ln -ft "$CACHE/debs" {} +
}
