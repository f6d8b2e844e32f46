# shellcheck shell=sh
# The proof: a line that is written on this node now is found in Loki by its labels, with its level and request id beside it.
run() {
    [ -n "$LOKI_URL" ] || LOKI_URL="http://$CONTROLLER_ADDRESS:3100"
    id=$(cat /proc/sys/kernel/random/uuid)
    printf '%s 1 INFO cpmg.shipper [None req-%s - - - - - -] %s: a line of %s on its way to Loki\n' \
        "$(date '+%Y-%m-%d %H:%M:%S.000')" "$id" "$STEP" "$NODE_NAME" >>/var/log/log-shipper/proof.log
    printf '%s\n' "${LOKI_URL%/}" "$LOKI_TENANT" "$LOKI_USER" "$SHIPPER_PASSWORD" "$LOKI_CA" "$JOB" "$NODE_NAME" "$id" "$WAIT_SECONDS" | python3 -c "$_HTTP"'
import base64, ssl
url, tenant, user, password, ca, job, host, ident, seconds = sys.stdin.read().split("\n")[:9]
if url.startswith("https"):
    opener.add_handler(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca or None)))
query = "{job=%s,host=%s,service=\"proof\"} | request_id=\"req-%s\"" % (json.dumps(job), json.dumps(host), ident)
words = urllib.parse.urlencode({"query": query, "start": int((time.time() - 3600) * 1e9), "limit": 10})
headers = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}
if tenant:
    headers["X-Scope-OrgID"] = tenant
if user:
    headers["Authorization"] = "Basic " + base64.b64encode((user + ":" + password).encode()).decode()
end, why = time.time() + float(seconds), "it has no such line"
while time.time() < end:
    try:
        data = json.loads(send(urllib.request.Request(url + "/loki/api/v1/query_range?" + words, headers=headers), 20)[2])["data"]
        found = [(s["stream"], v) for s in data["result"] for v in s["values"] if ident in v[1]]
        if found:
            stream, value = found[0]
            print("Loki has it: labels %s; metadata %s" % (json.dumps(stream, sort_keys=True), json.dumps(value[2:], sort_keys=True)))
            sys.exit(0)
        why = "it has no such line"
    except urllib.error.HTTPError as error:
        why = "it answers %d: %s" % (error.code, error.read(300).decode("utf-8", "replace").strip())
    except (OSError, ValueError, KeyError) as error:
        why = str(error)
    time.sleep(1)
sys.exit("Loki at %s, asked for %s: %s" % (url, query, why))
' || fail "the line did not arrive within $WAIT_SECONDS s (see above). On $NODE_NAME: journalctl -u $SERVICES"
}

undo() { :; }
