# shellcheck shell=sh
# What `make db_sync` of its sources does.
packages() { for folder in "$VENV"/lib/python3*/site-packages; do printf '%s' "$folder"; done; }

check() { # the library's own Python does not know the virtual environment
    [ -d "$(packages)" ] && PYTHONPATH=$(packages) && export PYTHONPATH && database_migrated skyline skyline_apiserver/db/alembic/versions
}

run() {
    database_save skyline
    say "filling the database"
    (cd "$(packages)/skyline_apiserver/db/alembic" && run_quietly root "$VENV/bin/alembic" -c alembic.ini upgrade head)
    restart_needed
    mark_changed
}

undo() { undo_all; }
