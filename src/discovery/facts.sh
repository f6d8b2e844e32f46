# shellcheck shell=sh
# What a node says about itself: one key=value a line, between the lines facts=1 and end=1.
# Read by domain/facts.rs. POSIX sh with coreutils (or busybox) and Linux's /proc and /sys; whatever else is missing is
# left out. Everything is one function, so that the shell has read all of it before anything could eat standard input.

say() { printf '%s=%s\n' "$1" "$2"; }
first() { { head -n 1 "$1"; } 2>/dev/null; } # FILE: its first line, or nothing
have() { command -v "$1" >/dev/null 2>&1; }

system() {
    say hostname "$(uname -n)"
    say machine_id "$(first /etc/machine-id)"
    say boot_id "$(first /proc/sys/kernel/random/boot_id)"
    for release in /etc/os-release /usr/lib/os-release; do
        [ -r "$release" ] || continue
        (
            ID='' VERSION_ID='' PRETTY_NAME=''
            # shellcheck disable=SC1090
            . "$release"
            say os_id "$ID" && say os_version "$VERSION_ID" && say os_pretty "$PRETTY_NAME"
        )
        break
    done
    say kernel "$(uname -r)"
    say arch "$(uname -m)"
    say cpus "$(getconf _NPROCESSORS_ONLN 2>/dev/null || grep -c '^processor' /proc/cpuinfo)"
    say cpu_model "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)"
    say virt_flags "$(grep -m 1 '^flags' /proc/cpuinfo | tr ' ' '\n' | grep -x -E 'vmx|svm' | head -n 1)"
    say memory_kb "$(sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' /proc/meminfo)"
    say uid "$(id -u)"
    say utc_offset "$(date +%z)"
}

virtualisation() {
    if [ -c /dev/kvm ]; then say kvm yes; else say kvm no; fi
    if have systemd-detect-virt; then
        say virt_kind "$(systemd-detect-virt 2>/dev/null)"
    elif [ -r /run/systemd/container ]; then
        say virt_kind "$(first /run/systemd/container)"
    elif [ -e /.dockerenv ]; then
        say virt_kind docker
    elif grep -q '^flags.* hypervisor' /proc/cpuinfo; then
        say virt_kind vm
    else
        say virt_kind none
    fi
}

disks() {
    # Busybox and old coreutils agree on this much.
    say root "$(df -Pk / 2>/dev/null | awk 'NR == 2 { print $2, $4 }')"
    for disk in /sys/block/*; do
        name=${disk##*/}
        case $name in loop* | ram* | zram* | dm-* | sr* | fd* | '*') continue ;; esac
        sectors=$(first "$disk/size")
        [ "${sectors:-0}" -gt 0 ] || continue
        say disk "$name $((sectors * 512)) $(first "$disk/queue/rotational")"
    done
}

nics() {
    for nic in /sys/class/net/*; do
        name=${nic##*/}
        # Taps belong to instances.
        if [ "$name" = lo ] || [ ! -d "$nic" ] || [ -e "$nic/tun_flags" ]; then continue; fi
        driver=$(readlink "$nic/device/driver") || driver=-
        flags=$(first "$nic/flags")
        if [ $((${flags:-0} & 1)) = 1 ]; then state=up; else state=down; fi
        say nic "$name $(first "$nic/address") $(first "$nic/speed" || :):$(first "$nic/carrier" || :):$(first "$nic/mtu") ${driver##*/} $state"
    done
    have ip || return 0
    ip -o addr show 2>/dev/null | awk '$2 != "lo" && ($3 == "inet" || $3 == "inet6") {
        print "address=" $2, $4
        # Given for a time: by DHCP. (IPv6 is, too, where a router announces its network.)
        if ($3 == "inet" && / dynamic /) print "dynamic=" $2, $4 }'
    ip -o route show default 2>/dev/null | awk 'NR == 1 {
        for (i = 1; i < NF; i++) { if ($i == "via") via = $(i + 1); if ($i == "dev") dev = $(i + 1) }
        print "gateway=" via; print "gateway_nic=" dev }'
}

# What keeps the clock, and whether the kernel counts it as synchronised. A service that hangs must not hold this up.
time_kept() {
    running=$(cat /proc/[0-9]*/comm 2>/dev/null | sort -u)
    for pair in chronyd:chrony ntpd:ntpd systemd-timesyn:systemd-timesyncd openntpd:openntpd; do
        if printf '%s\n' "$running" | grep -qx "${pair%%:*}"; then
            say clock_service "${pair##*:}"
            break
        fi
    done
    limit='timeout 5'
    have timeout || limit=''
    told=''
    if have timedatectl; then
        told=$($limit timedatectl show -p NTPSynchronized --value 2>/dev/null)
        # Before systemd 239 (CentOS 7) there is no "show".
        [ -n "$told" ] || told=$($limit timedatectl 2>/dev/null | sed -n 's/^ *\(NTP\|System clock\) synchronized: *//p')
    fi
    if [ -z "$told" ] && have chronyc; then
        case $($limit chronyc -n tracking 2>/dev/null | sed -n 's/^Leap status *: *//p') in
            '') ;;
            'Not synchronised') told=no ;;
            *) told=yes ;;
        esac
    fi
    if [ -z "$told" ] && have ntpstat; then
        $limit ntpstat >/dev/null 2>&1
        case $? in 0) told=yes ;; 1) told=no ;; esac
    fi
    if [ -z "$told" ] && have adjtimex; then
        case $(adjtimex 2>/dev/null | grep 'status:') in *UNSYNC*) told=no ;; *status:*) told=yes ;; esac
    fi
    if [ -z "$told" ] && [ -e /run/systemd/timesync/synchronized ]; then told=yes; fi
    [ -z "$told" ] || say clock_synchronised "$told"
}

software() {
    if have getenforce; then
        say selinux "$(getenforce | tr '[:upper:]' '[:lower:]')"
    elif [ -r /sys/fs/selinux/enforce ]; then
        case $(first /sys/fs/selinux/enforce) in 1) say selinux enforcing ;; *) say selinux permissive ;; esac
    fi
    if have systemctl; then
        say systemd "$(systemctl is-system-running 2>/dev/null)"
        for unit in firewalld ufw nftables iptables; do
            ! systemctl -q is-active "$unit" 2>/dev/null || say firewall "$unit"
        done
    fi
    for python in /usr/bin/python[23].[0-9]* /usr/local/bin/python[23].[0-9]*; do
        version=${python##*/python}
        case $version in *[!0-9.]*) ;; *) [ ! -x "$python" ] || say python "$version" ;; esac
    done
    for tool in apt-get dnf yum zypper pacman apk; do
        if have "$tool"; then
            say package_manager "${tool%-get}"
            break
        fi
    done
    ! have sudo || ! sudo -n true 2>/dev/null || say sudo 1
}

facts() {
    say facts 1
    clock=$(date +%s%3N)
    case $clock in *[!0-9]*) clock=$(date +%s)000 ;; esac
    say clock_ms "$clock"
    system
    virtualisation
    disks
    nics
    time_kept
    software
    say end 1
}

facts </dev/null 2>/dev/null
