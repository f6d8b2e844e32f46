# shellcheck shell=sh
yaml() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/''/g")"; }

text() { # skyline.yaml with its passwords: quoted, for seed 004 line 3715 has digits without quotes, which YAML takes for a number
    while IFS= read -r line; do
        case $line in
            *@DATABASE@*) printf '%s%s%s\n' "${line%@DATABASE@*}" "$(url_quote "$SKYLINE_DB_PASSWORD")" "${line#*@DATABASE@}" ;;
            *@PASSWORD@) printf '%s%s\n' "${line%@PASSWORD@}" "$(yaml "$SKYLINE_PASSWORD")" ;;
            *@SECRET@) printf '%s%s\n' "${line%@SECRET@}" "$(yaml "$SKYLINE_SECRET_KEY")" ;;
            *) printf '%s\n' "$line" ;;
        esac
    done <"$CPMG_FILES/skyline.yaml"
}

files() {
    for folder in /etc/skyline /etc/skyline/policy /var/log/skyline; do dir_ensure "$folder"; done
    file_install "$CPMG_FILES/gunicorn.py" /etc/skyline/gunicorn.py
    file_install "$CPMG_FILES/skyline-apiserver.service" /etc/systemd/system/skyline-apiserver.service
    text | file_write /etc/skyline/skyline.yaml 0640 root:root
}

run() {
    files
    systemctl daemon-reload
}

undo() {
    undo_all
    systemctl daemon-reload
    service_try_restart skyline-apiserver
}
