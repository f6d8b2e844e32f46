# shellcheck shell=sh
# In this order: the API's tables, the cell for instances that no host took, the first real cell unless there is one, their tables.
# Where the cells' databases and queue are is a template that Nova fills in from its configuration: passwords stay in one place.
cell1() { printf 'SELECT COUNT(*) FROM nova_api.cell_mappings WHERE name = "cell1";\n' | mariadb --batch --skip-column-names 2>/dev/null; }

check() {
    database_migrated nova_api "$API_MIGRATIONS" && database_migrated nova "$MIGRATIONS" && { [ -z "$CELLS" ] ||
        { database_migrated nova_cell0 "$MIGRATIONS" && [ "$(cell1)" = 1 ]; }; }
}

# Without CELL_DATABASE (before Queens) Nova copies the addresses, passwords and all.
cells() {
    run_quietly nova nova-manage cell_v2 map_cell0 ${CELL0_DATABASE:+--database_connection "$CELL0_DATABASE"}
    if [ "$(cell1)" = 0 ]; then
        say "making cell1"
        run_quietly nova nova-manage cell_v2 create_cell --name=cell1 --verbose \
            ${CELL_DATABASE:+--database_connection "$CELL_DATABASE" --transport-url "$CELL_TRANSPORT"}
    fi
}

run() {
    for name in nova_api nova; do database_save "$name"; done
    [ -z "$CELLS" ] || database_save nova_cell0
    say "filling the database of the API"
    run_quietly nova nova-manage api_db sync
    [ -z "$CELLS" ] || cells
    say "filling the databases of the cells"
    run_quietly nova nova-manage db sync
    restart_needed
    mark_changed
}

undo() { undo_all; }
