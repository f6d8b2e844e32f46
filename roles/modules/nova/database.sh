# shellcheck shell=sh
databases() { printf '%s\n' nova_api nova; [ -z "$CELLS" ] || echo nova_cell0; }

check() {
    for name in $(databases); do database_good "$name" nova "$NOVA_DB_PASSWORD" || return 1; done
}

run() {
    database_password_plain NOVA_DB_PASSWORD "$NOVA_DB_PASSWORD"
    for name in $(databases); do database_ensure "$name" nova "$NOVA_DB_PASSWORD"; done
}

undo() { undo_all; }
