# shellcheck shell=sh disable=SC2016 # awk programs
# A container shares its host's clock: there chrony follows and serves the time without setting it (-x), because a
# container that may set the clock would set it for the host and everything else on it.
CAPABILITY=/etc/systemd/system/$SERVICES.service.d

# chrony before 4.0 knows no folders of its own (CONF_DIR is blank): there our lines are a block at the end of its file.
own_lines() { # FILE NAME: standard input
    case $1 in
        /cpmg.*)
            lines=$(awk '{ printf "%s\\n", $0 }') # awk turns \n into a new line again
            file_edit "$CONF" awk -v name="$2" -v lines="$lines" '
                $0 == "# cpmg: " name { inside = 1; next }
                $0 == "# cpmg: end" { if (inside) { inside = 0; next } }
                !inside { print }
                END { print "# cpmg: " name; printf "%s", lines; print "# cpmg: end" }' ;;
        *)  file_write "$1" ;;
    esac
}

files() {
    case " $NODE_ROLES " in
        *' controller '*)
            own_sources=$NTP_SERVERS
            {
                say "# Written by cpmg: controllers serve the time to the environment's nodes, synchronised or not"
                printf '%s\n' "$NODES" | awk 'NF { print "allow " $1 }'
                say "local stratum 10${CONF_DIR:+ orphan}"
            } | own_lines "$CONF_DIR/cpmg.conf" allow ;;
        *)  own_sources=$(printf '%s\n' "$CONTROLLERS" | awk 'NF { print $1 }') ;;
    esac

    if [ -n "$own_sources" ]; then
        # shellcheck disable=SC2086 # addresses
        { say "# Written by cpmg"; printf 'server %s iburst\n' $own_sources; } | own_lines "$SOURCES_DIR/cpmg.sources" sources
        file_edit "$CONF" sed '/^# cpmg: sources$/,/^# cpmg: end$/!s/^[[:space:]]*\(pool\|server\)[[:space:]]/# cpmg: &/'
    fi

    if systemd-detect-virt -q -c; then
        say "this is a container ($(systemd-detect-virt -c)): its clock is the host's, chrony will not set it"
        file_edit "$DEFAULTS" sed '/^DAEMON_OPTS=/{/[" ]-x[" ]/!s/"$/ -x"/;}'
        dir_ensure "$CAPABILITY"
        printf '# Written by cpmg: chrony runs with -x and needs no right to set the clock\n[Unit]\nConditionCapability=\n' |
            file_write "$CAPABILITY/cpmg.conf"
    fi
}

run() {
    files
    ! systemd-detect-virt -q -c || grep -q '^DAEMON_OPTS=.*-x' "$DEFAULTS" ||
        fail "$DEFAULTS has no line DAEMON_OPTS=\"…\" to put -x into"
    [ "$(systemctl show -p NeedDaemonReload --value "$SERVICES")" != yes ] || systemctl daemon-reload
}

undo() {
    undo_all
    systemctl daemon-reload
    service_try_restart "$SERVICES"
}
