# shellcheck shell=sh
# The proof: the list of images, asked for as a client does. Glance asks Keystone about the token and its database for the list.
run() {
    identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"
    images=$(api_get image /v2/images) || fail "Glance does not list its images (see above). Look at $LOG on $CONTROLLER_NAME"
    say "Glance answers through the catalogue; images: $(printf '%s\n' "$images" | grep -o '"disk_format":' | wc -l)"
}

undo() { :; }
