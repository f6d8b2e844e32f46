# shellcheck shell=sh
# Tables, token keys, and the first administrator with the endpoints. Everything can be repeated; keys that exist stay (new
# ones would invalidate every token and every encrypted credential).
URL=http://$CONTROLLER_NAME:5000/v3/
ADMIN_URL=http://$CONTROLLER_NAME:${IDENTITY_ADMIN_PORT:-5000}/v3/

check() {
    [ -d /etc/keystone/fernet-keys ] && { [ -z "$CREDENTIAL_KEYS" ] || [ -d /etc/keystone/credential-keys ]; } &&
        identity_begin "$URL" admin admin "$ADMIN_PASSWORD" &&
        identity_apply 2>/dev/null | grep -qF "internal $URL"
}

# keystone-manage, as its user (as root it would leave a log file that the service cannot write). Called through its entry
# point: the password would be seen in ps as an option, and in /proc as an environment variable that is set outside.
# A good run ends in a traceback of _removeHandlerRef, which means nothing: output is shown of a bad run only.
MANAGE='
import os, sys
os.environ["OS_BOOTSTRAP_PASSWORD"] = sys.stdin.readline().rstrip("\n")
from keystone.cmd.manage import main
sys.argv[0] = "keystone-manage"
sys.exit(main())
'
manage() { # PASSWORD COMMAND...
    password=$1; shift
    printf '%s\n' "$password" | run_as keystone "$PYTHON" -c "$MANAGE" "$@" >"$CPMG_ATTEMPT/manage" 2>&1 || {
        tail -n 15 "$LOG" "$CPMG_ATTEMPT/manage"
        fail "keystone-manage $1 failed (see above)"
    }
}

run() {
    made_by_step /etc/keystone/fernet-keys /etc/keystone/credential-keys
    database_save keystone
    say "filling the database"
    manage '' db_sync
    say "making keys for tokens and credentials"
    manage '' fernet_setup --keystone-user keystone --keystone-group keystone
    [ -z "$CREDENTIAL_KEYS" ] || manage '' credential_setup --keystone-user keystone --keystone-group keystone
    say "creating admin and the endpoint $URL"
    manage "$ADMIN_PASSWORD" bootstrap \
        --bootstrap-username admin --bootstrap-project-name admin --bootstrap-role-name admin --bootstrap-service-name keystone \
        --bootstrap-region-id "$REGION" \
        --bootstrap-admin-url "$ADMIN_URL" --bootstrap-internal-url "$URL" --bootstrap-public-url "$URL"
    restart_needed
    mark_changed
}

undo() { undo_all; }
