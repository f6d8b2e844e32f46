#!/bin/sh
# Installs cpmg, shows it, or tests it. See usage below; the guide is docs/guide.md.
set -eu
cd "$(dirname "$0")"

usage() {
  cat <<'END'
usage: ./install.sh [--prefix DIR] [--uninstall]   build what is needed, install; a second run changes nothing
       ./install.sh demo [OPTION…]                 try it on a throw-away engine (options: see cpmg demo --help)
       ./install.sh test                           everything CI runs

As root the prefix is /usr/local and, where systemd runs, the engine becomes a service. Otherwise the prefix is ~/.local
and the first command that needs an engine starts one. --uninstall keeps the data directory and says where it is.
END
}

say() { printf '%s\n' "$*"; }
die() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}
root() { [ "$(id -u)" = 0 ]; }
systemd() { [ -d /run/systemd/system ]; }
have() { command -v "$1" >/dev/null 2>&1; }

# ---------------------------------------------------------------- tools

PATH=$PATH:$HOME/.cargo/bin:/usr/sbin:/sbin
updated=no

# Installs packages with apt; services that come with them are not started.
apt_install() {
  root && have apt-get || return 1
  say "installing with apt-get: $*"
  if [ "$updated" = no ]; then
    apt-get -qq update || return 1
    updated=yes
  fi
  policy=/usr/sbin/policy-rc.d
  quiet=no
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
    quiet=yes
  fi
  status=0
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$@" </dev/null >/dev/null || status=$?
  [ "$quiet" = no ] || rm -f "$policy"
  return "$status"
}

# want TOOL PACKAGE: there already, installed now, or not to be had (status 1).
want() {
  have "$1" || { apt_install "$2" && have "$1"; }
}
need() {
  want "$1" "$2" || die "the tool '$1' is missing and could not be installed: install the package '$2'"
}

build_tools() {
  have cargo || die "the tool 'cargo' is missing: install Rust $(rust_version) or newer with rustup, then run this again"
  need cc gcc
}
rust_version() { sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml; }

target=${CARGO_TARGET_DIR:-target}
build_release() {
  build_tools
  say "building cpmg (the first time takes ten minutes or more on a small machine)"
  # Measured: the compiler takes 4.7 GiB for the library, and is killed without a word of its own where they are not there.
  if [ "$(awk '/^(MemAvailable|SwapFree)/ {n += $2} END {print int(n / 1048576)}' /proc/meminfo)" -lt 5 ]; then
    say "  the compiler takes up to 5 GiB of memory, and less is free here: end other programs or add swap if it is killed"
  fi
  # Somebody who waits sees how far it is.
  if [ -t 2 ]; then cargo build --release --locked; else cargo build --release --locked --quiet; fi
}

# ---------------------------------------------------------------- install

changed=0
done_to() {
  changed=$((changed + 1))
  say "  $*"
}

# put FILE PLACE MODE
put() {
  if cmp -s "$1" "$2" && [ "$(stat -c %a "$2")" = "$3" ]; then return 0; fi
  mkdir -p "$(dirname "$2")"
  # Beside it and renamed: a running program keeps the old file, nobody sees half a file.
  install -m "$3" "$1" "$2.new.$$"
  mv -f "$2.new.$$" "$2"
  done_to "$2"
}

# put_tree FOLDER PLACE: the same files and no others.
put_tree() {
  find "$1" -type f | sort | while IFS= read -r file; do
    printf '%s\n' "${file#"$1"/}"
  done >"$work/list"
  while IFS= read -r file; do put "$1/$file" "$2/$file" 644; done <"$work/list"
  [ -d "$2" ] || return 0
  find "$2" -type f | sort >"$work/there"
  while IFS= read -r file; do
    grep -qxF "${file#"$2"/}" "$work/list" && continue
    rm -f "$file"
    done_to "$file (removed)"
  done <"$work/there"
  find "$2" -type d -empty -delete
}

unit_file() {
  cat <<END
# Made by install.sh.
[Unit]
Description=cpmg engine: turns machines into OpenStack clouds
Documentation=man:cpmg(1)
After=network.target

[Service]
Type=exec
ExecStart=$1/bin/cpmg engine --foreground --data /var/lib/cpmg-engine --socket /run/cpmg
Restart=on-failure
RestartSec=2
# Members of this group may talk to the engine; what they may do depends on whom they log in as.
Group=cpmg
UMask=0027
StateDirectory=cpmg-engine
StateDirectoryMode=0700
RuntimeDirectory=cpmg
RuntimeDirectoryMode=0750
LimitNOFILE=65536
LimitCORE=0

# The engine talks to its socket, to nodes over TCP, and to the SSH agents of its operators, whose sockets belong to them.
CapabilityBoundingSet=CAP_DAC_OVERRIDE
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
# A session over SSH keeps itself away from the files of this machine.
SystemCallFilter=landlock_create_ruleset landlock_add_rule landlock_restrict_self
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
END
}

unit=/etc/systemd/system/cpmg.service

install_service() {
  if ! getent group cpmg >/dev/null; then
    groupadd --system cpmg
    done_to "group cpmg"
  fi
  before=$changed
  unit_file "$prefix" >"$work/unit"
  put "$work/unit" "$unit" 644
  if [ "$changed" != "$before" ]; then systemctl daemon-reload; fi
  if ! systemctl is-enabled --quiet cpmg; then
    systemctl enable --quiet cpmg
    done_to "service cpmg enabled"
  fi
  if ! systemctl is-active --quiet cpmg; then
    systemctl start cpmg || die "the engine does not start: see 'journalctl -u cpmg'"
    done_to "service cpmg started"
  elif [ "$changed" != 0 ]; then
    # What runs on nodes goes on there and is taken up by the new engine.
    systemctl restart cpmg || die "the engine does not start again: see 'journalctl -u cpmg'"
    done_to "service cpmg restarted"
  fi
}

command_install() {
  build_release
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cpmg=$target/release/cpmg
  put "$cpmg" "$prefix/bin/cpmg" 755
  put_tree roles "$prefix/share/cpmg/roles"
  put_tree themes "$prefix/share/cpmg/themes"
  "$cpmg" completions bash >"$work/bash"
  "$cpmg" completions zsh >"$work/zsh"
  "$cpmg" completions fish >"$work/fish"
  put "$work/bash" "$prefix/share/bash-completion/completions/cpmg" 644
  put "$work/zsh" "$prefix/share/zsh/site-functions/_cpmg" 644
  put "$work/fish" "$prefix/share/fish/vendor_completions.d/cpmg.fish" 644
  "$cpmg" man --dir "$work/man"
  for page in "$work"/man/*.1; do put "$page" "$prefix/share/man/man1/$(basename "$page")" 644; done
  if root && systemd; then install_service; fi
  if [ "$changed" = 0 ]; then
    say "nothing to change: $("$cpmg" --version) is installed under $prefix"
    return
  fi
  say "$("$cpmg" --version) is installed under $prefix ($changed changes)"
  case ":$PATH:" in
    *":$prefix/bin:"*) say "start it with: cpmg" ;;
    *) say "start it with: $prefix/bin/cpmg (its folder is not in your PATH)" ;;
  esac
}

command_uninstall() {
  if root && [ -e "$unit" ] && grep -q "^ExecStart=$prefix/bin/cpmg " "$unit"; then
    if systemd; then systemctl disable --quiet --now cpmg; fi
    rm -f "$unit"
    done_to "$unit (removed)"
    if systemd; then systemctl daemon-reload; fi
  fi
  for file in "$prefix/bin/cpmg" "$prefix/share/bash-completion/completions/cpmg" \
    "$prefix/share/zsh/site-functions/_cpmg" "$prefix/share/fish/vendor_completions.d/cpmg.fish" \
    "$prefix"/share/man/man1/cpmg.1 "$prefix"/share/man/man1/cpmg-*.1 "$prefix/share/cpmg"; do
    [ -e "$file" ] || continue
    rm -rf "$file"
    done_to "$file (removed)"
  done
  if [ "$changed" = 0 ]; then
    say "nothing to remove under $prefix"
  else
    say "cpmg is removed"
  fi
  if root; then data=/var/lib/cpmg-engine; else data=${XDG_DATA_HOME:-$HOME/.local/share}/cpmg; fi
  if [ -d "$data" ]; then say "kept: $data (users, environments, keys; remove it by hand if nobody needs it)"; fi
}

# ---------------------------------------------------------------- demo

command_demo() {
  build_release
  exec "$target/release/cpmg" demo "$@"
}

# ---------------------------------------------------------------- test

passed=0
failed=0
skipped=0
failures=''

good() { passed=$((passed + ${1:-1})); }
bad() {
  failed=$((failed + ${2:-1}))
  failures="$failures
  $1"
}
skip() {
  skipped=$((skipped + ${2:-1}))
  say "skipped: $1"
}

# watch COMMAND…: runs it, shows and keeps its output in $work/out; the status is its own. Where it took half a minute, it says how long.
watch() {
  echo 1 >"$work/status"
  since=$(date +%s)
  { if "$@" </dev/null 2>&1; then echo 0 >"$work/status"; fi; } | tee "$work/out"
  since=$(($(date +%s) - since))
  [ "$since" -lt 30 ] || say "   took $((since / 60)) min $((since % 60)) s"
  return "$(cat "$work/status")"
}

# part NAME COMMAND…: one thing that passes or fails.
part() {
  name=$1
  shift
  say "== $name"
  if watch "$@"; then good; else bad "$name"; fi
}

# count STATUS NAME: adds up what a test runner said in $work/out.
count() {
  sed 's/\x1b\[[0-9;]*m//g' "$work/out" >"$work/plain"
  ran=$(sed -n 's/.* \([0-9][0-9]*\) passed.*/\1/p' "$work/plain" | tail -n 1)
  if ! grep -q '^ *Summary \[' "$work/plain"; then # cargo test: a line for each program
    ran=$(sed -n 's/^test result: .* \([0-9][0-9]*\) passed;.*/\1/p' "$work/plain" | awk '{n += $1} END {print n + 0}')
    lost=$(sed -n 's/^test result: .* \([0-9][0-9]*\) failed;.*/\1/p' "$work/plain" | awk '{n += $1} END {print n + 0}')
  else
    lost=$(grep '^ *Summary \[' "$work/plain" | tail -n 1 | grep -oE '[0-9]+ (failed|timed out|exec failed)' | awk '{n += $1} END {print n + 0}')
  fi
  good "${ran:-0}"
  if [ "$1" != 0 ]; then
    [ "${lost:-0}" -gt 0 ] || lost=1
    bad "$2" "$lost"
  fi
}

tests() { # tests NAME COMMAND…
  name=$1
  shift
  say "== $name"
  status=0
  watch "$@" || status=$?
  count "$status" "$name"
}

shell_scripts() {
  git ls-files | while IFS= read -r file; do
    case $file in
      fixtures/roles/broken/*) ;; # wrong on purpose
      *.sh) printf '%s\n' "$file" ;;
      *) if head -n 1 "$file" 2>/dev/null | grep -qaE '^#!.*[ /](sh|bash|dash)( |$)'; then printf '%s\n' "$file"; fi ;;
    esac
  done
}

# Why the lab cannot run here; nothing when it can.
no_lab() {
  if ! root; then
    echo "the lab needs root"
  elif [ "$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)" -lt 4 ]; then
    echo "the lab needs 4 GiB of free memory"
  elif [ ! -x tests/lab/lab ]; then
    echo "tests/lab/lab is missing"
  else
    CPMG_LAB_NO_INSTALL=1 tests/lab/lab status >/dev/null 2>"$work/lab" || {
      [ $? != 77 ] || tail -n 1 "$work/lab"
    }
  fi
}

command_test() {
  build_tools
  need git git
  need python3 python3
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  began=$(date +%s)
  # The tests start SSH servers of their own on loopback.
  want sshd openssh-server || say "the tool 'sshd' is missing: install the package 'openssh-server'; tests over SSH will fail"
  want ssh-keygen openssh-client || say "the tool 'ssh-keygen' is missing: install the package 'openssh-client'"
  want ssh-agent openssh-client || true
  # Steps are run by the shells that nodes have.
  want busybox busybox || say "the tool 'busybox' is missing: install the package 'busybox'; tests of its shell will fail"
  if root; then # `sshd` wants its directory for privilege separation
    mkdir -p /run/sshd
    for pair in debootstrap:debootstrap systemd-nspawn:systemd-container ip:iproute2 nft:nftables; do
      want "${pair%%:*}" "${pair##*:}" || say "the tool '${pair%%:*}' is missing: install the package '${pair##*:}'"
    done
    want faketime faketime || say "the tool 'faketime' is missing: the campaign of kills leaves the clock alone"
    want mkfs.ext4 e2fsprogs || say "the tool 'mkfs.ext4' is missing: install the package 'e2fsprogs'"
  fi

  part "format" cargo fmt --check
  if want shellcheck shellcheck; then
    shell_scripts >"$work/scripts"
    # shellcheck disable=SC2046 # names of scripts have no spaces
    part "shell scripts ($(wc -l <"$work/scripts"))" shellcheck -x $(cat "$work/scripts")
  else
    skip "shell scripts: shellcheck is missing"
  fi
  part "lints" cargo clippy --locked --all-targets --quiet -- -D warnings
  part "roles" cargo run --locked --quiet -- catalog check roles
  for script in tests/roles/*.sh; do
    [ -e "$script" ] || continue
    part "$script" sh "$script"
  done
  if cargo nextest --version >/dev/null 2>&1; then
    runner='cargo nextest run --locked --no-fail-fast --status-level slow --final-status-level fail'
    everything=''
    in_lab='--test e2e --test campaign --test wires --run-ignored only --test-threads 2'
    listed='cargo nextest list --locked --test e2e --test campaign --test wires --test cobbler --run-ignored only --message-format oneline'
  else
    say "cargo-nextest is missing: cargo test instead (slower)"
    runner='cargo test --locked --no-fail-fast'
    everything='--lib --bins --tests'
    in_lab='--test e2e --test campaign --test wires -- --ignored --test-threads 1'
    listed='cargo test --locked --quiet --test e2e --test campaign --test wires --test cobbler -- --ignored --list --format terse'
  fi
  # shellcheck disable=SC2086 # words of a command
  tests "tests" $runner $everything
  tests "examples in the documentation" cargo test --locked --doc
  why=$(no_lab)
  cobbler=''
  if [ -z "$why" ]; then
    if tests/cobbler/site probe probe >"$work/site" 2>&1; then
      cobbler='--test cobbler'
    elif [ $? = 77 ]; then
      skip "reinstallation through a real cobblerd: $(tail -n 1 "$work/site")" "$(grep -c '#\[ignore' tests/cobbler/*.rs | awk -F: '{n += $2} END {print n}')"
    else
      bad "a real cobblerd for the tests: $(tail -n 1 "$work/site")"
    fi
  fi
  if [ -n "$why" ]; then
    # shellcheck disable=SC2086
    count=$($listed 2>/dev/null | grep -cE '(: test$|^cpmg)') || true
    skip "installation in the lab: $why" "${count:-1}"
  else
    # shellcheck disable=SC2086
    tests "installation, campaign of kills, reinstallation in the lab (real nodes)" $runner $cobbler $in_lab
  fi
  if cargo deny --version >/dev/null 2>&1; then
    part "licences, bans, sources" cargo deny --locked check licenses bans sources
    if cargo deny --locked fetch db >"$work/fetch" 2>&1; then
      part "advisories" cargo deny --locked check --disable-fetch advisories
    else
      skip "advisories: their database cannot be fetched ($(tail -n 1 "$work/fetch"))"
    fi
  else
    skip "licences, bans, sources: cargo-deny is missing (cargo install cargo-deny)"
    skip "advisories: cargo-deny is missing"
  fi

  if [ "$failed" != 0 ]; then say "failed:$failures"; fi
  seconds=$(($(date +%s) - began))
  say "after $((seconds / 60)) min $((seconds % 60)) s:"
  say "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ]
}

# ---------------------------------------------------------------- which

if root; then prefix=/usr/local; else prefix=${HOME:?}/.local; fi
case ${1:-} in
  demo)
    shift
    command_demo "$@"
    ;;
  test)
    [ $# = 1 ] || die "test takes no options"
    command_test
    ;;
  *)
    form=install
    while [ $# -gt 0 ]; do
      case $1 in
        --prefix)
          [ $# -gt 1 ] || die "--prefix needs a directory"
          prefix=$2
          shift
          ;;
        --prefix=*) prefix=${1#*=} ;;
        --uninstall) form=uninstall ;;
        -h | --help)
          usage
          exit 0
          ;;
        *)
          usage >&2
          die "what is '$1'?"
          ;;
      esac
      shift
    done
    case $prefix in
      /*) ;;
      *) prefix=$(pwd)/$prefix ;;
    esac
    "command_$form"
    ;;
esac
