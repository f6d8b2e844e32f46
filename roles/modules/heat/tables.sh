# shellcheck shell=sh
# Until 2023 Heat numbered its migrations: the highest number of a file in $MIGRATIONS is what the database must have.
numbered() {
    last=$(python3 -c '
import importlib.util, os, sys
package, _, rest = sys.argv[1].partition("/")
names = os.listdir(os.path.join(os.path.dirname(importlib.util.find_spec(package).origin), rest))
print(max(int(name[:3]) for name in names if name[:3].isdigit()))' "$MIGRATIONS" 2>/dev/null) &&
        [ "$(printf 'SELECT MAX(version) FROM heat.migrate_version;\n' | mariadb --batch --skip-column-names 2>/dev/null)" = "$last" ]
}

check() { database_migrated heat "$MIGRATIONS" || numbered; }

run() {
    database_save heat
    say "filling the database"
    run_quietly heat heat-manage db_sync
    restart_needed
    mark_changed
}

undo() { undo_all; }
