# shellcheck shell=sh
# A volume type for each back end, so that users can choose: seed 001 has back ends called sata, ssd and nfs, and never makes the types.
PROGRAM='
wanted = dict(pair.split("=") for pair in argv[1:])
there = {t["name"]: t for t in call("volumev3", "GET", "/types?is_public=None").json()["volume_types"]}
if argv[0] == "check":
    sys.exit(0 if all(n in there and there[n]["extra_specs"].get("volume_backend_name") == b for n, b in wanted.items()) else 1)
if argv[0] == "missing":
    print("\n".join("%s=%s" % pair for pair in wanted.items() if pair[0] not in there))
    sys.exit(0)
for name, backend in wanted.items():
    if argv[0] == "drop":
        if name in there:
            call("volumev3", "DELETE", "/types/" + there[name]["id"])
            print("deleted volume type " + name)
    elif name not in there:
        call("volumev3", "POST", "/types", {"volume_type": {"name": name, "extra_specs": {"volume_backend_name": backend}}})
        print("made volume type " + name)
    elif there[name]["extra_specs"].get("volume_backend_name") != backend:
        call("volumev3", "POST", "/types/%s/extra_specs" % there[name]["id"], {"extra_specs": {"volume_backend_name": backend}})
        print("volume type %s: back end %s" % (name, backend))
'
types() {
    [ -z "$VOLUME_DISKS" ] || printf '%s=%s\n' "$LVM_NAME" "$LVM_NAME"
    [ -z "$SSD_DISKS" ] || printf '%s=%s\n' "$SSD_NAME" "$SSD_NAME"
    [ -z "$NFS_SHARES" ] || printf '%s=%s\n' "$NFS_NAME" "$NFS_NAME"
}
first() { [ "$NODE_ADDRESS" = "$CONTROLLER_ADDRESS" ]; }

# shellcheck disable=SC2046 # a list
check() { ! first || [ -z "$(types)" ] || cloud admin admin "$ADMIN_PASSWORD" "$PROGRAM" check $(types) 2>/dev/null; }

# shellcheck disable=SC2046 # a list
run() {
    # what was there before stays
    missing=$(cloud admin admin "$ADMIN_PASSWORD" "$PROGRAM" missing $(types))
    for pair in $missing; do undo_on drop "$pair"; done
    cloud admin admin "$ADMIN_PASSWORD" "$PROGRAM" make $(types)
    mark_changed
}

drop() { cloud admin admin "$ADMIN_PASSWORD" "$PROGRAM" drop "$1"; }
undo() { undo_all; }
