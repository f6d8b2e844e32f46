# shellcheck shell=sh
# What there is on a Debian node, one fact a line, sorted, for comparison before and after: run by tests/e2e/undo.rs.
# Files: everything on the root filesystem but caches, logs' content and cpmg's own folder; content of what is below /etc,
# /var/lib, /usr/local, /opt, /srv, /root and /home as a checksum.
export LC_ALL=C
{
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/tmp \
        -o -path /var/lib/cpmg -o -path /usr/lib/python3 -o -path '*/__pycache__' \) -prune \
        -o -type d -printf 'dir %p %m %u:%g\n' -o -type l -printf 'link %p %l %u:%g\n' -o -type f -printf 'file %p %m %u:%g\n' -o -printf 'other %p %y %m %u:%g\n'
    find /etc /var/lib /usr/local /opt /srv /root /home -xdev -path /var/lib/cpmg -prune -o -type f -exec cksum {} + |
        awk '{ sum = $1 "-" $2; sub(/^[^ ]* [^ ]* /, ""); print "content", $0, sum }'
    dpkg-query -W -f 'package ${Package} ${Version} ${db:Status-Abbrev}\n'
    apt-mark showmanual | sed 's/^/manual /'
    sed 's/^/user /' /etc/passwd
    sed 's/^/group /' /etc/group
    # sessions of users come and go: the census itself opens one of RabbitMQ's; whoever asks for the time starts timedated for half a minute
    systemctl list-unit-files --no-legend --no-pager | awk '$2 != "transient" { print "unit", $1, $2 }'
    systemctl list-units --no-legend --no-pager --plain --type=service,socket,timer,path,mount --state=active,activating,failed |
        awk '$1 !~ /^(user@|user-runtime-dir@|run-user-|session-|systemd-timedated\.service$)/ { print "active", $1, $3, $4 }'
    ps -e -o user= -o comm= | awk '$1 != "root" && $2 != "systemd" && $2 != "(sd-pam)" { print "process", $1, $2 }' | sort -u
    awk '$4 == "0A" { sub(/.*:/, "", $2); print "listens tcp", $2 }' /proc/net/tcp /proc/net/tcp6
    # ports from 32768 on belong to questions that are asked right now
    awk 'FNR > 1 { sub(/.*:/, "", $2); if ($2 < "8000") print "listens udp", $2 }' /proc/net/udp /proc/net/udp6
    # bridges, tunnels, name spaces and what hangs on them
    for link in /sys/class/net/*; do [ ! -e "$link/ifindex" ] || printf 'nic %s master %s\n' "${link##*/}" "$(basename "$(readlink "$link/master")")"; done
    ip netns list | awk '{ print "namespace", $1 }'
    printf 'hostname %s\n' "$(uname -n)"
    if command -v mariadb >/dev/null; then
        printf 'SHOW DATABASES;\n' | mariadb -N | sed 's/^/database /'
        printf "SELECT CONCAT(User, '@', Host) FROM mysql.user;\n" | mariadb -N | sed 's/^/database-user /'
    fi
    ! command -v rabbitmqctl >/dev/null || rabbitmqctl -q list_users --no-table-headers | sed 's/^/rabbit-user /'
} 2>/dev/null | sort -u
