# shellcheck shell=sh disable=SC2086 # a list of packages
# Only one system logger can be installed: apt would take another away without a question.
run() {
    if [ -n "$(pkg_missing $PACKAGES)" ]; then
        other=$(dpkg-query -W -f '${Package} ${db:Status-Abbrev} ${Provides}\n' 2>/dev/null | awk '$2 ~ /^.i/ && /system-log-daemon/ && $1 !~ /^syslog-ng/ { print $1 }')
        [ -z "$other" ] || fail "$other is installed on $NODE_NAME, and syslog-ng cannot be beside it. Remove it (apt-get remove $other; the journal keeps what it kept), or leave the module shipper out and let cpmg push what it collects ('cpmg loki on')"
    fi
    made_by_step /etc/syslog-ng /var/lib/syslog-ng
    pkg_install
    # What starts at boot is the unit of our own.
    if [ "$(systemctl is-enabled "$PACKAGE_SERVICE" 2>/dev/null)" = enabled ]; then
        service_brings "$PACKAGE_SERVICE"
        systemctl -q disable --now "$PACKAGE_SERVICE"
        mark_changed
    fi
}

undo() { undo_all; }
