# shellcheck shell=sh disable=SC2086 # a list of packages
check() { ! holds_data || [ -z "$(pkg_missing $CPMG_PACKAGES)" ]; }

run() {
    made_by_step "$FOLDER" /var/lib/swift /var/log/swift /var/cache/swift
    made_by_step /var/log/syslog /var/log/auth.log /var/log/cron.log /var/log/kern.log /var/log/mail.log /var/log/user.log # rsyslog's
    pkg_install
}

undo() { undo_all; }
