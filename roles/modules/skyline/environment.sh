# shellcheck shell=sh disable=SC2086 # a list of requirements
# Into a virtual environment: pip into the system's Python replaces SQLAlchemy and breaks Cinder (seed 004 lines 3657-3688), and
# `sudo pip3` of line 3687 would leave it again. mysqlclient is missing in the official text (lines 3945-3966).
marker=$VENV/requirements

check() { [ "$(cat "$marker" 2>/dev/null)" = "$REQUIREMENTS" ] && [ -x "$VENV/bin/gunicorn" ]; }

run() {
    made_by_step "$VENV"
    say "installing $REQUIREMENTS into $VENV"
    python3 -m venv --clear "$VENV"
    "$VENV/bin/pip" --quiet --disable-pip-version-check --no-input install $REQUIREMENTS </dev/null ||
        fail "pip could not install Skyline (see above). Give $NODE_NAME a way to the package index, or a mirror in /etc/pip.conf, and retry"
    [ -x "$VENV/bin/gunicorn" ] || fail "Skyline came without gunicorn: its requirements have changed; add gunicorn to REQUIREMENTS"
    printf '%s\n' "$REQUIREMENTS" >"$marker"
    restart_needed
    mark_changed
}

undo() { undo_all; }
