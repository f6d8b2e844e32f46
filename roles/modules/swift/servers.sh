# shellcheck shell=sh
files() {
    [ -n "$(awk -v me="$NODE_ADDRESS" '$1 == me' "$CPMG_FILES/holders")" ] || return 0 # a controller that keeps no objects
    for kind in account:6202 container:6201 object:6200; do
        port=${kind#*:} kind=${kind%:*}
        conf=$FOLDER/$kind-server.conf
        [ -e "$conf" ] || [ "$SAMPLES" != no ] || file_install "$CPMG_FILES/$kind-server.conf" "$conf" 0640 root:swift
        ini_set "$conf" DEFAULT bind_ip "$NODE_ADDRESS"
        ini_set "$conf" DEFAULT bind_port "$port"
        ini_set "$conf" DEFAULT user swift
        ini_set "$conf" DEFAULT swift_dir "$FOLDER"
        ini_set "$conf" DEFAULT devices "$DEVICES"
        ini_set "$conf" DEFAULT mount_check "$([ -n "$DISKS" ] && printf True || printf False)"
        [ -z "$WORKERS" ] || ini_set "$conf" DEFAULT workers "$WORKERS"
        # seed 004 line 2844 ends the containers' pipeline in object-server, and line 2804 leaves out the account's [filter:recon]
        ini_set "$conf" pipeline:main pipeline "healthcheck recon $kind-server"
        ini_set "$conf" filter:recon use egg:swift#recon
        ini_set "$conf" filter:recon recon_cache_path "$CACHE"
        ini_set "$conf" filter:recon recon_lock_path /var/lock
    done
}

run() { files; }

# shellcheck disable=SC2086 # a list of units
undo() {
    undo_all
    service_try_restart $SERVICES
}
