# shellcheck shell=sh
# The proof: a secret is stored and read again, as users do, and deleted.
run() {
    cloud admin admin "$ADMIN_PASSWORD" '
secret = {"name": "cpmg-proof", "payload": "a secret of no value", "payload_content_type": "text/plain"}
stored = call("key-manager", "POST", "/v1/secrets", secret).json()["secret_ref"]
path = "/v1/secrets/" + stored.rsplit("/", 1)[1]
try:
    read = call("key-manager", "GET", path + "/payload", headers={"Accept": "text/plain"}).data.decode()
finally:
    call("key-manager", "DELETE", path)
if read != secret["payload"]:
    fail("Barbican gave back something else than was stored")
print("Barbican stored a secret and gave it back:", stored)
' || fail "Barbican on $CONTROLLER_NAME does not keep secrets (see above). Look at the logs in /var/log/barbican there"
}
