# shellcheck shell=sh
# The console's pages, and the ways to the services: Skyline's own program writes them from skyline.yaml and Keystone's catalogue.
# It has none for Cinder (seed 004 lines 3998-4011, where the block is not closed and stands outside of `server`): it is added.
made=$CPMG_ATTEMPT/nginx.conf

generate() {
    (PATH=$VENV/bin:$PATH OS_CONFIG_DIR=/etc/skyline && export PATH OS_CONFIG_DIR && skyline-nginx-generator -o "$made.raw") >"$CPMG_ATTEMPT/said" 2>&1 </dev/null || { cat "$CPMG_ATTEMPT/said"; return 1; }
    lower=$(printf '%s' "$REGION" | tr '[:upper:]' '[:lower:]')
    sed 's/server .* fail_timeout=0;/server 0.0.0.0:28000 fail_timeout=0;/' "$made.raw" | awk -v at="/api/openstack/$lower/cinder/" -v to="$CONTROLLER_NAME:8776" -v region="$REGION" '
        { line[NR] = $0; if (index($0, at)) have = 1; if ($0 ~ /^[ \t]*location/) last = NR }
        END {
            for (i = 1; i <= NR; i++) {
                if (i == last && !have) {
                    print "        # " region " cinder\n        location " at " {"
                    print "            proxy_pass http://" to "/;\n            proxy_redirect http://" to "/ " at ";\n            proxy_buffering off;"
                    print "            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n            proxy_set_header X-Forwarded-Proto $scheme;"
                    print "            proxy_set_header X-Forwarded-Host $host;\n            proxy_set_header Host " to ";\n        }"
                }
                print line[i]
            }
        }' >"$made"
}

check() { [ -x "$VENV/bin/skyline-nginx-generator" ] && generate 2>/dev/null >&2 && cmp -s "$made" /etc/nginx/nginx.conf; }

run() {
    generate || fail "skyline-nginx-generator could not write nginx's configuration (see above). Does Keystone answer at http://$CONTROLLER_ADDRESS:5000?"
    # not previewed: it is made of what Keystone's catalogue holds when all services are there
    file_install "$made" /etc/nginx/nginx.conf
    nginx -t -q || fail "nginx does not take /etc/nginx/nginx.conf (see above)"
}

undo() {
    undo_all
    service_try_restart nginx
}
