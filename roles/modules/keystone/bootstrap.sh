# shellcheck shell=sh
# Tables, token keys, and the first administrator with the endpoints. Everything can be repeated; keys that exist stay (new
# ones would invalidate every token and every encrypted credential).
URL=http://$CONTROLLER_NAME:5000/v3/

check() {
    [ -d /etc/keystone/fernet-keys ] && [ -d /etc/keystone/credential-keys ] &&
        identity_begin "$URL" admin admin "$ADMIN_PASSWORD" &&
        identity_apply 2>/dev/null | grep -qF "internal $URL"
}

# keystone-manage, as its user: as root it would leave a log file that the service cannot write. Its password option would
# be seen in ps; its environment variable is set inside the process, where /proc does not show it.
manage() { run_as keystone keystone-manage "$@"; }
BOOTSTRAP='
import os, sys
os.environ["OS_BOOTSTRAP_PASSWORD"] = sys.stdin.readline().rstrip("\n")
from keystone.cmd.manage import main
sys.exit(main())
'

run() {
    made_by_step /etc/keystone/fernet-keys /etc/keystone/credential-keys
    database_save keystone
    say "filling the database"
    manage db_sync
    say "making keys for tokens and credentials"
    manage fernet_setup --keystone-user keystone --keystone-group keystone
    manage credential_setup --keystone-user keystone --keystone-group keystone
    say "creating admin and the endpoint $URL"
    printf '%s\n' "$ADMIN_PASSWORD" | run_as keystone python3 -c "$BOOTSTRAP" bootstrap \
        --bootstrap-username admin --bootstrap-project-name admin --bootstrap-role-name admin --bootstrap-service-name keystone \
        --bootstrap-region-id "$REGION" \
        --bootstrap-admin-url "$URL" --bootstrap-internal-url "$URL" --bootstrap-public-url "$URL"
    restart_needed
    mark_changed
}

undo() { undo_all; }
