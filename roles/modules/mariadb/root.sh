# shellcheck shell=sh
# The guides give the server's root a password (seed 001, line 396; seed 004 by mysql_secure_installation). Newer servers let root of the node in through
# the socket, by who asks: that stays, so that nothing on the node needs the password, and the password is a second way in, for people and tools that are
# not root there. A server before 10.4 knows one way only: then the password is in root's own file /root/.my.cnf, which clients read by themselves.
# It goes to the server on standard input, as every statement.
FILE=/root/.my.cnf

quoted() { printf '%s' "$DATABASE_ROOT_PASSWORD" | sed "s/[\\\\']/\\\\&/g"; }

is_set() {
    if [ -n "$SOCKET" ]; then
        _sql_yes "SELECT COUNT(*) FROM mysql.global_priv WHERE User='root' AND Host='localhost'
            AND INSTR(Priv, PASSWORD('$(quoted)')) > 0 AND INSTR(Priv, 'unix_socket') > 0"
    else
        _sql_yes "SELECT COUNT(*) FROM mysql.user WHERE User='root' AND Host='localhost' AND Password=PASSWORD('$(quoted)')"
    fi
}

files() {
    [ -z "$SOCKET" ] || return 0
    printf '# Made by cpmg\n[client]\nuser=root\npassword="%s"\n' "$(quoted)" | file_write "$FILE" 0600 root:root
}

check() { [ -n "$SOCKET" ] && is_set; }

# How root is let in now, as the statement that brings it back; a password is in it as the server keeps it, not itself.
remember() {
    [ ! -e "$CPMG_SAVED/root.sql" ] || return 0
    undo_on root_back
    printf "SHOW CREATE USER 'root'@'localhost';\n" | _sql | sed 's/^CREATE USER/ALTER USER/; s/$/;/' >"$CPMG_SAVED/root.sql.new"
    mv "$CPMG_SAVED/root.sql.new" "$CPMG_SAVED/root.sql"
}

root_back() { [ ! -s "$CPMG_SAVED/root.sql" ] || { systemctl -q is-active "$SERVICES" && _sql <"$CPMG_SAVED/root.sql"; } || :; }

run() {
    if ! is_set; then
        if [ -n "$SOCKET" ]; then
            remember
            printf "ALTER USER 'root'@'localhost' IDENTIFIED VIA unix_socket OR mysql_native_password USING PASSWORD('%s');\n" "$(quoted)" | _sql
        else
            printf "UPDATE mysql.user SET Password = PASSWORD('%s') WHERE User = 'root'; FLUSH PRIVILEGES;\n" "$(quoted)" | _sql
        fi
        say "MariaDB's root has the environment's password"
        mark_changed
    fi
    files
    is_set || fail "MariaDB's root does not have the password that was just set: look at 'SHOW CREATE USER root@localhost'"
}

undo() { undo_all; }
