# shellcheck shell=sh
check() { database_good keystone keystone "$KEYSTONE_DB_PASSWORD"; }

run() {
    # its migrations take the connection for a template, in which the % of an encoded character means something else
    [ "$(url_quote "$KEYSTONE_DB_PASSWORD")" = "$KEYSTONE_DB_PASSWORD" ] ||
        fail "Keystone cannot use this database password: choose one of letters, digits and . _ ~ - for KEYSTONE_DB_PASSWORD"
    database_ensure keystone keystone "$KEYSTONE_DB_PASSWORD"
}

undo() { undo_all; }
