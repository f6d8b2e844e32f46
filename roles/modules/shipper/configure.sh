# shellcheck shell=sh disable=SC2016 # ${…} and $(…) are syslog-ng's macros
# Labels are few and long-lived (job, service, host, environment), level and request id are structured metadata: a label for each request id would be a
# stream for each. The time of an entry is that of its line where the line tells one as oslo.log does (local time, without a zone), else when it was read.
# The files are the spool: with flow-control syslog-ng reads on when Loki has taken what was read, and keeps its place over restarts.
quoted() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; } # TEXT: within a string of syslog-ng's in double quotes

plain() { # NAME VALUE: it becomes part of JSON within a template
    case $2 in
        *[\"\\\$\`]* | *'
'*) fail "$1 is '$2': without quotation marks, \$, \\ and new lines, please" ;;
    esac
}

# 40 files a folder, of each 500 lines on their way, as many as a batch takes at most: fewer would wait for a batch's second each time.
sources() {
    set -f # the patterns are syslog-ng's, not this shell's
    for pattern in $LOG_FILES; do
        printf '    wildcard-file(base-dir("%s") filename-pattern("%s") recursive(no) flags(no-parse) follow-freq(1) log-fetch-limit(1000) log-iw-size(20000) max-files(40));\n' \
            "$(quoted "${pattern%/*}")" "$(quoted "${pattern##*/}")"
    done
}

configuration() {
    printf '# Written by cpmg. Options of the module shipper change it.\n@version: 3.35\n'
    printf 'options { use-dns(no); dns-cache(no); keep-hostname(yes); stats-freq(0); time-reopen(10); log-fifo-size(400000); log-msg-size(%s); };\n' "$LINE_MAX"
    printf 'source s_files {\n%s\n};\n' "$(sources)"
    cat <<'CONF'
rewrite r_service {
    set("$FILE_NAME" value("service")); subst("^.*/", "" value("service")); subst("[.]log$", "" value("service"));
    set("$FILE_NAME" value("folder")); subst("/[^/]*$", "" value("folder")); subst("^.*/", "" value("folder"));
    set("${folder}-${service}" value("service") condition(match("^(access|current|error|log|output|slow)$" value("service"))));
    set("${S_UNIXTIME}${S_USEC}000" value("nanoseconds"));
};
filter f_oslo { match("^(?<o_date>[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8})[.,](?<o_ms>[0-9]{3}) [0-9]+ (?<o_level>[A-Z]+) [^ ]+(?: \\[(?<o_context>[^\\]]*)\\])?" value("MESSAGE") type("pcre") flags("store-matches")); };
filter f_request { match("^(?:[^ ]+ )?(?<o_request>req-[0-9a-f-]{36})(?: |$)" value("o_context") type("pcre") flags("store-matches")); };
filter f_global { match("^(?<o_global>req-[0-9a-f-]{36}) req-" value("o_context") type("pcre") flags("store-matches")); };
filter f_caller { match(" (?<o_global>req-[0-9a-f-]{36})$" value("MESSAGE") type("pcre") flags("store-matches")); };
parser p_time { date-parser(format("%Y-%m-%d %H:%M:%S") template("${o_date}")); };
rewrite r_time { set("${S_UNIXTIME}${o_ms}000000" value("nanoseconds")); };
rewrite r_level { set("$(lowercase ${o_level})" value("o_level")); };
CONF
    printf 'template t_entry { template("{\\"stream\\":{\\"job\\":\\"%s\\",\\"service\\":$(substr \\"$(format-json --scope none m=${service})\\" 5 -1),\\"host\\":\\"%s\\"%s},' \
        "$JOB" "$NODE_NAME" "${ENVIRONMENT:+,\\\"environment\\\":\\\"$ENVIRONMENT\\\"}"
    printf '%s\n' '\"values\":[[\"${nanoseconds}\",$(substr \"$(format-json --scope none m=${MESSAGE})\" 5 -1),$(format-json --scope none --omit-empty-values level=${o_level} request_id=${o_request} global_request_id=${o_global})]]}"); };'
    printf 'destination d_loki {\n    http(\n        url("%s/loki/api/v1/push") method("POST")\n' "$(quoted "$LOKI_URL")"
    printf '        headers("Content-Type: application/json"%s)\n' "${LOKI_TENANT:+ \"X-Scope-OrgID: $(quoted "$LOKI_TENANT")\"}"
    if [ -n "$LOKI_USER" ]; then printf '        user("%s") password("%s")\n' "$(quoted "$LOKI_USER")" "$(quoted "$SHIPPER_PASSWORD")"; fi
    if [ -n "$LOKI_CA" ]; then printf '        tls(ca-file("%s") peer-verify(yes))\n' "$(quoted "$LOKI_CA")"; fi
    cat <<'CONF'
        body-prefix("{\"streams\":[") body("$(template t_entry)") delimiter(",") body-suffix("]}")
        batch-lines(500) batch-bytes(900kB) batch-timeout(1000) workers(1) timeout(30)
        # The good lines of a batch that is answered by 400 are stored: it is never sent again. Everything else waits.
        response-action(400 => drop, 413 => drop, 422 => drop, 401 => disconnect, 403 => disconnect, 404 => disconnect, 429 => disconnect, 500 => disconnect, 502 => disconnect, 503 => disconnect, 504 => disconnect)
        persist-name("loki")
    );
};
log {
    source(s_files); rewrite(r_service);
    if {
        filter(f_oslo); parser(p_time); rewrite(r_time); rewrite(r_level);
        if { filter(f_request); } else { };
        if { filter(f_global); } else { };
    } else {
        if { filter(f_caller); } else { };
    };
    destination(d_loki); flags(flow-control);
};
CONF
}

files() {
    plain JOB "$JOB"; plain ENVIRONMENT "$ENVIRONMENT"; plain LOKI_URL "$LOKI_URL"; plain LOKI_TENANT "$LOKI_TENANT"
    [ -n "$LOKI_URL" ] || LOKI_URL="http://$CONTROLLER_ADDRESS:3100"
    LOKI_URL=${LOKI_URL%/}
    for folder in /etc/log-shipper /var/lib/log-shipper /var/log/log-shipper; do dir_ensure "$folder" 0700; done
    LOG_FILES="$LOG_FILES /var/log/log-shipper/*.log"
    configuration | file_write /etc/log-shipper/syslog-ng.conf 0600 root:root
    file_install "$CPMG_FILES/log-shipper.service" "/etc/systemd/system/$SERVICES.service"
}

run() {
    files
    syslog-ng --syntax-only --no-caps --cfgfile=/etc/log-shipper/syslog-ng.conf || fail "syslog-ng does not understand /etc/log-shipper/syslog-ng.conf (see above)"
    systemctl daemon-reload
}

undo() {
    undo_all
    systemctl daemon-reload
}
