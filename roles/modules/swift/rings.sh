# shellcheck shell=sh
# Which device keeps what: the builder files are made on the first controller, from the nodes of the plan, and stay there;
# the others take the rings from it. Devices of nodes that are no longer in the plan lose their weight by being removed.
first() { [ "$NODE_ADDRESS" = "$CONTROLLER_ADDRESS" ]; }

devices() { # what there should be: ADDRESS DEVICE
    awk -v names="${DISKS:-$FOLDERS}" '
        BEGIN { count = split(names, name, " ") }
        { for (i = 1; i <= count; i++) { device = name[i]; sub(/.*\//, "", device); print $1, device } }' "$CPMG_FILES/holders"
}

replicas() { # not more than there are devices
    devices | awk -v wanted="$REPLICAS" 'END { print (NR < wanted) ? NR : wanted }'
}

now() { # BUILDER: what there is
    [ ! -e "$FOLDER/$1.builder" ] || PYTHONWARNINGS=ignore python3 -c '
import sys
from swift.common.ring import RingBuilder
for device in RingBuilder.load(sys.argv[1]).devs:
    if device and device["weight"]:
        print(device["zone"], device["ip"], device["device"])' "$FOLDER/$1.builder" 2>/dev/null | sort
}

zoned() { # BUILDER: ZONE ADDRESS DEVICE of what there should be: a node that is in the ring keeps its zone, a new one gets one of its own
    { now "$1" | sed 's/^/have /'; devices | sed 's/^/want /'; } | awk '
        $1 == "have" { zone[$3] = $2; taken[$2] = 1; next }
        !($2 in zone) { for (z = 1; z in taken; z++) ; zone[$2] = z; taken[z] = 1 }
        { print zone[$2], $2, $3 }' | sort
}

copies() { # BUILDER: of each object, as it is now
    PYTHONWARNINGS=ignore python3 -c '
import sys
from swift.common.ring import RingBuilder
print("%g" % RingBuilder.load(sys.argv[1]).replicas)' "$FOLDER/$1.builder" 2>/dev/null
}

kinds='account:6202 container:6201 object:6200'

check() {
    first || return 0
    for kind in $kinds; do
        [ -e "$FOLDER/${kind%:*}.ring.gz" ] && [ -e "$FOLDER/${kind%:*}.builder" ] && [ "$(now "${kind%:*}")" = "$(zoned "${kind%:*}")" ] &&
            [ "$(copies "${kind%:*}")" = "$(replicas)" ] || return 1
    done
}

builder() { # WORD...: exit 1 is a warning
    rc=0
    (cd "$FOLDER" && swift-ring-builder "$@") >"$CPMG_ATTEMPT/said" 2>&1 </dev/null || rc=$?
    [ "$rc" -le 1 ] || { cat "$CPMG_ATTEMPT/said"; fail "swift-ring-builder $* failed (see above)"; }
}

run() {
    for kind in $kinds; do
        port=${kind#*:} kind=${kind%:*}
        wanted=$(zoned "$kind")
        made_by_step "$FOLDER/$kind.builder" "$FOLDER/$kind.ring.gz" "$FOLDER/backups"
        if [ ! -e "$FOLDER/$kind.builder" ]; then
            say "making the ring of ${kind}s: 2^$PART_POWER parts, $(replicas) times"
            builder "$kind.builder" create "$PART_POWER" "$(replicas)" "$MIN_PART_HOURS"
        else
            save_file "$FOLDER/$kind.builder"
            save_file "$FOLDER/$kind.ring.gz"
            if [ "$(copies "$kind")" != "$(replicas)" ]; then
                say "from now on there are $(replicas) copies of ${kind}s"
                builder "$kind.builder" set_replicas "$(replicas)"
            fi
        fi
        have=$(now "$kind")
        printf '%s\n' "$have" | while read -r zone address device; do
            if [ -z "$device" ] || printf '%s\n' "$wanted" | grep -qxF "$zone $address $device"; then continue; fi
            say "removing $device of $address from the ring of ${kind}s"
            builder "$kind.builder" remove --zone "$zone" --ip "$address" --port "$port" --device "$device" --yes
        done
        printf '%s\n' "$wanted" | while read -r zone address device; do
            ! printf '%s\n' "$have" | grep -qxF "$zone $address $device" || continue
            say "adding $device of $address, zone $zone, to the ring of ${kind}s"
            builder "$kind.builder" add --region 1 --zone "$zone" --ip "$address" --port "$port" --device "$device" --weight 100
        done
        builder "$kind.builder" rebalance
        chown root:swift "$FOLDER/$kind.builder" "$FOLDER/$kind.ring.gz"
        chmod 0644 "$FOLDER/$kind.ring.gz"
    done
    restart_needed
    mark_changed
}

undo() { undo_all; }
