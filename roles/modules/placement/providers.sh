# shellcheck shell=sh
# The proof: the list of resource providers, asked for as Nova does.
run() {
    identity_begin "http://$CONTROLLER_ADDRESS:5000/v3" admin admin "$ADMIN_PASSWORD"
    providers=$(api_get placement /resource_providers) ||
        fail "Placement does not list its resource providers (see above). Look at $LOG on $CONTROLLER_NAME"
    say "Placement answers through the catalogue; resource providers: $(printf '%s\n' "$providers" | grep -o '"uuid":' | wc -l)"
}

undo() { :; }
