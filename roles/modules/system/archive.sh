# shellcheck shell=sh
# The node's package lists are renewed by the next step that installs something.
files() {
    [ -z "$LOCAL_REPO" ] || file_install "$CPMG_FILES/local.repo" "$LOCAL_REPO"
}

check() { [ -z "$ARCHIVE$LOCAL_REPO" ] || { [ -n "$ARCHIVE" ] && [ -e "$ARCHIVE_LIST" ]; }; }

run() {
    files
    if [ -n "$ARCHIVE" ]; then
        made_by_step "$ARCHIVE_LIST"
        say "adding $ARCHIVE"
        add-apt-repository -y "$ARCHIVE" </dev/null ||
            fail "$NODE_NAME cannot add the archive $ARCHIVE (see above). Does it reach the network, through a proxy if there is one?"
        mark_changed
    fi
    if [ -n "$LOCAL_REPO" ]; then
        yum -q makecache </dev/null || fail "yum cannot read the archives of $LOCAL_REPO (see above). Are BASE_URL and OPENSTACK_URL of module system right?"
    fi
    rm -f "$CPMG_JOB/apt-updated"
}

undo() {
    undo_all
    rm -f "$CPMG_JOB/apt-updated"
}
