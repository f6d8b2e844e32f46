# shellcheck shell=sh
identity_login() { identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"; }

wanted() {
    identity_login
    user_ensure cinder "$CINDER_PASSWORD"
    grant_ensure cinder service admin
    grant_ensure cinder service service
    for api in $APIS; do # NAME:TYPE:VERSION
        version=${api##*:} name=${api%%:*} kind=${api#*:}
        kind=${kind%:*}
        service_ensure "$name" "$kind" 'OpenStack Block Storage'
        endpoint_ensure "$kind" "http://$CONTROLLER_NAME:8776/$version/%($PROJECT_KEY)s"
    done
}

check() { wanted && identity_good 2>/dev/null; }
run() { wanted; identity_apply; }
undo() { undo_all; }
