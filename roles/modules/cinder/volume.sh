# shellcheck shell=sh
# The proof: on each back end a volume is made, saved if there is a backup, and deleted, as users do.
types() {
    [ -z "$VOLUME_DISKS" ] || printf '%s\n' "$LVM_NAME"
    [ -z "$SSD_DISKS" ] || printf '%s\n' "$SSD_NAME"
    [ -z "$NFS_SHARES" ] || printf '%s\n' "$NFS_NAME"
}

# shellcheck disable=SC2046 # a list
run() {
    cloud admin admin "$ADMIN_PASSWORD" '
backup, types = argv[0], argv[1:]
def services(kind):
    return [s for s in call("volumev3", "GET", "/os-services").json()["services"] if s["binary"] == kind and s["state"] == "up"]
wait(120, lambda: services("cinder-scheduler")) or fail("no cinder-scheduler reports as up")
if not types:
    print("Cinder answers; it has no back end: set VOLUME_DISKS, SSD_DISKS or NFS_SHARES to have volumes")
else:
    wait(120, lambda: len(services("cinder-volume")) >= len(types)) or fail("no cinder-volume reports as up for each of: " + " ".join(types))
def delete(kind, number):
    path = "/%s/%s" % (kind, number)
    if call("volumev3", "DELETE", path, may_fail=(400, 404)).status == 400: # something is at work on it, or died over it
        call("volumev3", "POST", path + "/action", {"os-reset_status": {"status": "error"}})
        call("volumev3", "DELETE", path, may_fail=(404,))
    wait(180, lambda: call("volumev3", "GET", path, may_fail=(404,)).status == 404) or fail("%s %s is not deleted after three minutes" % (kind, number))
def ready(kind, number):
    one = kind[:-1]
    def done():
        state = call("volumev3", "GET", "/%s/%s" % (kind, number)).json()[one]
        return state if state["status"] in ("available", "error") else None
    state = wait(300, done) or fail("the %s is neither available nor in error after five minutes" % one)
    if state["status"] == "error":
        said = call("volumev3", "GET", "/messages", headers={"OpenStack-API-Version": "volume 3.3"}, may_fail=(404,)).json().get("messages", [])
        fail("the %s is in error. %s" % (one, "; ".join(m["user_message"] for m in said[:2])))
    return state
for many in ("backups", "volumes"): # of a proof that was ended
    for one in call("volumev3", "GET", "/%s?name=cpmg-proof" % many).json()[many]:
        delete(many, one["id"])
for kind in types:
    volume = call("volumev3", "POST", "/volumes", {"volume": {"size": 1, "name": "cpmg-proof", "volume_type": kind}}).json()["volume"]["id"]
    saved = None
    try:
        ready("volumes", volume)
        print("a volume of 1 GB on", kind, "is available")
        if backup:
            wait(120, lambda: services("cinder-backup")) or fail("no cinder-backup reports as up")
            saved = call("volumev3", "POST", "/backups", {"backup": {"volume_id": volume, "name": "cpmg-proof"}}).json()["backup"]["id"]
            ready("backups", saved)
            print("and its backup by", backup)
    finally:
        if saved:
            delete("backups", saved)
        delete("volumes", volume)
' "$BACKUP" $(types) || fail "Cinder does not make volumes (see above). Look at the logs in /var/log/cinder on $CONTROLLER_NAME and on the nodes that keep volumes"
}
