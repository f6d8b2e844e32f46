# shellcheck shell=sh
# What amphorae are made of and how they are reached (seed 004 lines 4366-4470): flavor, image, key pair, security groups, a network of their own and the
# controller's port in it; all of them of the user octavia in project service. Octavia wants ids of them, which its file gets here: the
# guide has its author's own (lines 4798-4802). Nobody makes the key of line 4435; this does.
identity_login() { objects_begin octavia service "$OCTAVIA_PASSWORD"; }

KEYS=/etc/octavia/.ssh

wanted() {
    identity_login
    [ -z "$AMPHORA_IMAGE" ] || image_ensure amphora-x64-haproxy "$AMPHORA_IMAGE" amphora
    flavor_ensure amphora 200 "$AMPHORA_PROCESSORS" "$AMPHORA_MEMORY" "$AMPHORA_DISK"
    group_ensure lb-mgmt-sec-grp
    rule_ensure lb-mgmt-sec-grp icmp
    rule_ensure lb-mgmt-sec-grp tcp 22
    rule_ensure lb-mgmt-sec-grp tcp 9443
    group_ensure lb-health-mgr-sec-grp
    rule_ensure lb-health-mgr-sec-grp udp 5555
    keypair_ensure octavia_ssh_key "$KEYS/octavia_ssh_key.pub"
    network_ensure lb-mgmt-net
    subnet_ensure lb-mgmt-subnet lb-mgmt-net "$MANAGEMENT_CIDR" "$MANAGEMENT_START" "$MANAGEMENT_END"
    port_ensure octavia-health-manager-listen-port lb-mgmt-net lb-mgmt-subnet "$MANAGEMENT_ADDRESS" lb-health-mgr-sec-grp Octavia:health-mgr "$NODE_NAME"
}

ids() { # KEY VALUE a line
    printf 'amp_image_owner_id %s\n' "$(object_show project service id)"
    printf 'amp_secgroup_list %s\n' "$(object_show group lb-mgmt-sec-grp id)"
    printf 'amp_boot_network_list %s\n' "$(object_show network lb-mgmt-net id)"
}

set_already() { # whether the file has them
    ids | while read -r key value; do
        awk -v line="$key = $value" '/^\[/ { here = ($0 == "[controller_worker]") } here && $0 == line { found = 1 } END { exit !found }' "$CONF" || exit 1
    done
}

told() { [ -n "$AMPHORA_IMAGE" ] || say "no image of amphorae: Octavia answers, but makes no load balancer before the module's option AMPHORA_IMAGE names a file of one on $NODE_NAME (built as Octavia's documentation tells, or that of a distribution)"; }

alone() { # whether it is the API alone
    [ -z "$AMPHORAE" ] && say "Octavia's API alone: the module's option AMPHORAE is blank on platform $PLATFORM, so no load balancer is made"
}

check() {
    ! alone || return 0
    told && [ -s "$KEYS/octavia_ssh_key.pub" ] && wanted && objects_good 2>/dev/null && set_already 2>/dev/null
}

run() {
    told
    [ -z "$AMPHORA_IMAGE" ] || [ -r "$AMPHORA_IMAGE" ] || fail "AMPHORA_IMAGE is $AMPHORA_IMAGE, and $NODE_NAME has no such file: copy the image there, or leave the option blank"
    if [ ! -s "$KEYS/octavia_ssh_key.pub" ]; then
        made_by_step "$KEYS"
        (umask 077 && mkdir -p "$KEYS")
        rm -f "$KEYS/octavia_ssh_key"
        run_quietly root ssh-keygen -q -t ed25519 -N '' -C "octavia@$NODE_NAME" -f "$KEYS/octavia_ssh_key"
        mark_changed
    fi
    wanted
    objects_apply
    ids >"$CPMG_ATTEMPT/ids"
    while read -r key value; do
        # not previewed: ids are known when the things are made
        ini_set "$CONF" controller_worker "$key" "$value"
    done <"$CPMG_ATTEMPT/ids"
}

undo() { undo_all; }
