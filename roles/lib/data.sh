# shellcheck shell=sh disable=SC2016,SC2154 # texts with $ and backquotes are meant; variables come from other parts of the library
# Part of the library of steps: MariaDB and RabbitMQ.

# ---------------------------------------------------------------- databases (MariaDB, as root through its socket)

# Before MariaDB 10.4 the client is called mysql alone, passwords stand in another column, and ALTER USER sets none.
_PASSWORD=${DATABASE_PASSWORD_COLUMN:-authentication_string}
command -v mariadb >/dev/null || { ! command -v mysql >/dev/null || mariadb() { mysql "$@"; }; }
_sql() { mariadb --batch --skip-column-names || fail "the database server of $NODE_NAME refused (see above)"; } # statements on standard input
_sql_quote() { printf '%s' "$1" | sed "s/[\\\\']/\\\\&/g"; }
_sql_yes() { [ "$(printf '%s\n' "$1" | _sql)" = 1 ]; } # QUERY: answers 1

database_ensure() { # DATABASE USER PASSWORD [HOST...]: database, user with this password (from localhost and %), all rights on it
    _never "make database $1"
    _db=$1 _user=$2 _pw=$(_sql_quote "$3"); shift 3
    [ $# -gt 0 ] || set -- localhost %
    if ! _sql_yes "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME='$_db'"; then
        _note database "$_db"
        printf 'CREATE DATABASE `%s` CHARACTER SET utf8 COLLATE utf8_general_ci;\n' "$_db" | _sql
        say "created database $_db"; mark_changed
    fi
    for _host; do
        case $(printf "SELECT $_PASSWORD = PASSWORD('%s') FROM mysql.user WHERE User='%s' AND Host='%s'\n" "$_pw" "$_user" "$_host" | _sql) in
            1) ;;
            '') _note database_user "$_user" "$_host"
                printf "CREATE USER '%s'@'%s' IDENTIFIED BY '%s';\n" "$_user" "$_host" "$_pw" | _sql
                say "created database user $_user@$_host"; mark_changed ;;
            *)  _old=$(printf "SELECT SUBSTR($_PASSWORD, 2) FROM mysql.user WHERE User='%s' AND Host='%s' AND $_PASSWORD LIKE '*%%'\n" "$_user" "$_host" | _sql)
                [ -z "$_old" ] || _noted "database_password $_user $_host" || _note database_password "$_user" "$_host" "$_old"
                if [ "$_PASSWORD" = Password ]; then printf "SET PASSWORD FOR '%s'@'%s' = PASSWORD('%s');\n" "$_user" "$_host" "$_pw" | _sql
                else printf "ALTER USER '%s'@'%s' IDENTIFIED BY '%s';\n" "$_user" "$_host" "$_pw" | _sql; fi
                say "set the password of database user $_user@$_host"; mark_changed ;;
        esac
        _sql_yes "SELECT COUNT(*) FROM mysql.db WHERE Db='$_db' AND User='$_user' AND Host='$_host' AND Create_priv='Y'" && continue
        _note database_grant "$_db" "$_user" "$_host"
        printf "GRANT ALL PRIVILEGES ON \`%s\`.* TO '%s'@'%s';\n" "$_db" "$_user" "$_host" | _sql
        mark_changed
    done
}

database_good() { # DATABASE USER PASSWORD [HOST...]: for check: nothing to do for database_ensure
    command -v mariadb >/dev/null || return 1
    _db=$1 _user=$2 _pw=$(_sql_quote "$3"); shift 3
    [ $# -gt 0 ] || set -- localhost %
    for _host; do
        [ "$(printf "SELECT COUNT(*) FROM mysql.user u JOIN mysql.db d ON d.User = u.User AND d.Host = u.Host JOIN information_schema.SCHEMATA s ON s.SCHEMA_NAME = '%s'
            WHERE u.User='%s' AND u.Host='%s' AND u.$_PASSWORD = PASSWORD('%s') AND d.Db='%s' AND d.Create_priv='Y'\n" \
            "$_db" "$_user" "$_host" "$_pw" "$_db" | mariadb --batch --skip-column-names 2>/dev/null)" = 1 ] || return 1
    done
}

database_drop() { _never "drop database $1"; say "dropping database $1"; printf 'DROP DATABASE IF EXISTS `%s`;\n' "$1" | _sql; } # DATABASE
_undo_database_user() { say "dropping database user $1@$2"; printf "DROP USER IF EXISTS '%s'@'%s';\n" "$1" "$2" | _sql; }
_undo_database_grant() { printf "REVOKE ALL PRIVILEGES ON \`%s\`.* FROM '%s'@'%s';\n" "$1" "$2" "$3" | _sql; }
_undo_database_password() { printf "SET PASSWORD FOR '%s'@'%s' = '*%s';\n" "$1" "$2" "$3" | _sql; }

database_save() { # DATABASE: as it is now, before a step that fills or migrates it; undo puts that back
    _never "save database $1"
    ! _noted "database_content $1" || return 0
    (umask 077 && mkdir -p "$CPMG_SAVED" && mariadb-dump --single-transaction --routines --databases "$1" >"$CPMG_SAVED/$1.sql") ||
        fail "cannot save database $1 in $CPMG_SAVED: is the disk full?"
    _note database_content "$1" .
}
_undo_database_content() {
    database_drop "$1"
    say "loading what it held before"
    mariadb <"$CPMG_SAVED/$1.sql"
}

database_migrated() { # DATABASE FOLDER: for check: its tables are those of the last of alembic's migrations in FOLDER (as glance/db/… in Python's path)
    printf 'SELECT version_num FROM `%s`.alembic_version;\n' "$1" | mariadb --batch --skip-column-names 2>/dev/null |
        python3 -c "$_MIGRATIONS" "$2" 2>/dev/null
}

# Reads the migrations without importing them: which ones no other follows. Standard input: those that the database has.
_MIGRATIONS='
import ast, importlib.util, os, sys
package, _, rest = sys.argv[1].partition("/")
top = os.path.join(os.path.dirname(importlib.util.find_spec(package).origin), rest)
known, followed = set(), set()
for folder, _, names in os.walk(top):
    for name in names:
        if not name.endswith(".py"):
            continue
        said = {}
        for line in ast.parse(open(os.path.join(folder, name), encoding="utf-8").read()).body:
            if isinstance(line, ast.AnnAssign) and line.value:
                line.targets = [line.target]
            try:
                said.update({target.id: ast.literal_eval(line.value) for target in line.targets})
            except (AttributeError, ValueError):
                pass
        if isinstance(said.get("revision"), str):
            known.add(said["revision"])
            for before in (said.get("down_revision"), said.get("depends_on")):
                followed.update([before] if isinstance(before, str) else before or ())
have = set(sys.stdin.read().split())
sys.exit(0 if have and known - followed <= have else 1)
'

# ---------------------------------------------------------------- messages (RabbitMQ)
# From 4.0 on rabbitmqctl counts its arguments to know whether to read a password: with -q, which changes nothing else, it waits for ever.

rabbit_user_ensure() { # USER PASSWORD: with all rights on /
    _never "make RabbitMQ user $1"
    if ! rabbitmqctl -q list_users --no-table-headers | cut -f 1 | grep -qx "$1"; then
        _note rabbit_user "$1"
        printf '%s\n' "$2" | rabbitmqctl add_user "$1" >/dev/null || fail "RabbitMQ did not take user $1"
        say "created RabbitMQ user $1"; mark_changed
    elif ! printf '%s\n' "$2" | rabbitmqctl authenticate_user "$1" >/dev/null 2>&1; then
        printf '%s\n' "$2" | rabbitmqctl change_password "$1" >/dev/null || fail "RabbitMQ did not take the password of $1"
        say "set the password of RabbitMQ user $1 (the old one cannot be read, so undo leaves the new one)"; mark_changed
    fi
    rabbitmqctl -q list_user_permissions --no-table-headers "$1" | grep -q '^/' && return 0
    grep -qxF -e "rabbit_user $1" "$CPMG_SAVED/journal" 2>/dev/null || _note rabbit_permissions "$1" # a user of ours goes with them
    rabbitmqctl -q set_permissions -p / "$1" '.*' '.*' '.*' && mark_changed
}
_undo_rabbit_permissions() { rabbitmqctl -q clear_permissions -p / "$1" || :; }
rabbit_user_drop() { _never "delete RabbitMQ user $1"; say "deleting RabbitMQ user $1"; rabbitmqctl -q delete_user "$1" || :; } # USER
