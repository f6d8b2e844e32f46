# shellcheck shell=sh
backends() { # as in enabled_backends
    list=''
    [ -z "$VOLUME_DISKS" ] || list=lvm
    [ -z "$SSD_DISKS" ] || list=$list${list:+,}ssd
    [ -z "$NFS_SHARES" ] || list=$list${list:+,}nfs
    printf '%s' "$list"
}

lvm() { # SECTION GROUP NAME
    ini_set "$CONF" "$1" volume_driver cinder.volume.drivers.lvm.LVMVolumeDriver
    ini_set "$CONF" "$1" volume_group "$2"
    ini_set "$CONF" "$1" volume_backend_name "$3"
    ini_set "$CONF" "$1" "$TARGET_PROTOCOL_KEY" iscsi
    ini_set "$CONF" "$1" "$TARGET_HELPER_KEY" "$TARGET_HELPER"
}

files() {
    case " $NODE_ROLES " in *' controller '*) ;; *) [ -n "$VOLUME_DISKS$SSD_DISKS$NFS_SHARES$BACKUP" ] || return 0 ;; esac
    ini_set "$CONF" database connection "$(database_url cinder cinder "$CINDER_DB_PASSWORD")"
    ini_set "$CONF" DEFAULT transport_url "$(message_url "$RABBIT_USER" "$RABBIT_PASSWORD")"
    ini_set "$CONF" DEFAULT auth_strategy keystone
    ini_set "$CONF" DEFAULT my_ip "$NODE_ADDRESS"
    authtoken_set "$CONF" cinder "$CINDER_PASSWORD"
    ini_set "$CONF" oslo_concurrency lock_path "$LOCKS"
    ini_set "$CONF" service_user send_service_user_token true
    auth_set "$CONF" service_user cinder "$CINDER_PASSWORD"
    auth_set "$CONF" nova cinder "$CINDER_PASSWORD"
    ini_set "$CONF" nova region_name "$REGION"
    ini_set "$CONF" DEFAULT glance_api_servers "http://${IMAGE_NAME:-$CONTROLLER_NAME}:9292"
    [ -z "$API_WORKERS" ] || ini_set "$CONF" DEFAULT osapi_volume_workers "$API_WORKERS"
    [ -z "$UWSGI" ] || [ ! -e "$UWSGI" ] || [ -z "$UWSGI_PROCESSES" ] || ini_set "$UWSGI" uwsgi processes "$UWSGI_PROCESSES"
    [ -z "$UWSGI" ] || [ ! -e "$UWSGI" ] || [ -z "$UWSGI_THREADS" ] || ini_set "$UWSGI" uwsgi threads "$UWSGI_THREADS"
    ini_set "$CONF" DEFAULT enabled_backends "$(backends)"
    [ -z "$VOLUME_DISKS" ] || lvm lvm "$VOLUME_GROUP" "$LVM_NAME"
    [ -z "$SSD_DISKS" ] || lvm ssd "$SSD_GROUP" "$SSD_NAME"
    if [ -n "$NFS_SHARES" ]; then
        ini_set "$CONF" nfs volume_driver cinder.volume.drivers.nfs.NfsDriver
        ini_set "$CONF" nfs volume_backend_name "$NFS_NAME"
        ini_set "$CONF" nfs nfs_shares_config "$SHARES"
        ini_set "$CONF" nfs nas_secure_file_operations false
        ini_set "$CONF" nfs nas_secure_file_permissions false
        printf '%s\n' "$NFS_SHARES" | tr ' ' '\n' | file_write "$SHARES" 0640 root:cinder
    fi
    case $BACKUP in
        '') ;;
        swift)
            ini_set "$CONF" DEFAULT backup_driver cinder.backup.drivers.swift.SwiftBackupDriver
            ini_set "$CONF" DEFAULT backup_swift_url "http://$CONTROLLER_NAME:8080/v1/AUTH_" ;;
        *:*)
            ini_set "$CONF" DEFAULT backup_driver cinder.backup.drivers.nfs.NFSBackupDriver
            ini_set "$CONF" DEFAULT backup_share "$BACKUP" ;;
        *)
            ini_set "$CONF" DEFAULT backup_driver cinder.backup.drivers.posix.PosixBackupDriver
            ini_set "$CONF" DEFAULT backup_posix_path "$BACKUP" ;;
    esac
    [ -z "$TGT_CONF" ] || [ -z "$VOLUME_DISKS$SSD_DISKS" ] || file_install "$CPMG_FILES/tgt.conf" "$TGT_CONF"
}

run() {
    case $BACKUP in /*) dir_ensure "$BACKUP" 0750 cinder:cinder ;; esac
    files
}

# shellcheck disable=SC2086 # lists of units
undo() {
    undo_all
    service_try_restart $SERVICES $VOLUME_SERVICES $BACKUP_SERVICES
}
