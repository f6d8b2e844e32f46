# shellcheck shell=sh
files() {
    file_install "$CPMG_FILES/rsyncd.conf" /etc/rsyncd.conf
    [ -z "$RSYNC_DEFAULTS" ] || file_edit "$RSYNC_DEFAULTS" sed 's/^RSYNC_ENABLE=.*/RSYNC_ENABLE=true/'
}

run() {
    made_by_step /var/log/rsyncd.log
    files
}

undo() {
    undo_all
    service_try_restart "$RSYNC_SERVICE"
}
