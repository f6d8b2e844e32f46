# shellcheck shell=sh
# The proof: it says that it is ready, takes an entry with structured metadata as senders do, and gives it back by a query as readers do.
run() {
    [ "$NODE_ADDRESS" = "$CONTROLLER_ADDRESS" ] || return 0
    printf '%s\n' "http${LOKI_TLS_CERT:+s}://${LOKI_LISTEN:-$NODE_ADDRESS}:$LOKI_PORT" "$LOKI_TENANTS" "$JOB_ID" "$READY_SECONDS" | python3 -c "$_HTTP"'
import ssl
url, tenants, job, seconds = sys.stdin.read().split("\n")[:4]
if url.startswith("https"):
    # This node asks itself; whether the certificate has the name that others use is for them to find out.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    opener.add_handler(urllib.request.HTTPSHandler(context=context))
headers = {"X-Scope-OrgID": "cpmg-proof"} if tenants else {}
def ask(path, body=None):
    more = dict(headers, **({"Content-Type": "application/json"} if body else {"X-Loki-Response-Encoding-Flags": "categorize-labels"}))
    return send(urllib.request.Request(url + path, data=body, headers=more), 20)[2]
end, last = time.time() + float(seconds), ""
while True:
    try:
        ask("/ready")
        break
    except urllib.error.HTTPError as error:
        last = "%d: %s" % (error.code, error.read(200).decode("utf-8", "replace").strip())
    except OSError as error:
        last = str(error)
    if time.time() > end:
        sys.exit("%s/ready after %s s: %s" % (url, seconds, last))
    time.sleep(1)
now = time.time_ns()
line = "an entry of job %s, %d" % (job, now)
stream = {"stream": {"job": "cpmg-proof"}, "values": [[str(now), line, {"request_id": "req-proof"}]]}
ask("/loki/api/v1/push", json.dumps({"streams": [stream]}).encode())
words = urllib.parse.urlencode({"query": "{job=\"cpmg-proof\"} | request_id=\"req-proof\"", "start": now - 10**9, "end": now + 10**10, "limit": 10})
for _ in range(30):
    found = json.loads(ask("/loki/api/v1/query_range?" + words))["data"]["result"]
    if any(v[1] == line for s in found for v in s["values"]):
        break
    time.sleep(1)
else:
    sys.exit("it took the entry and does not give it back")
version = json.loads(ask("/loki/api/v1/status/buildinfo")).get("version", "?")
print("Loki %s at %s keeps what it is given" % (version, url))
' || fail "Loki on $NODE_NAME does not do what it is for (see above). Look at journalctl -u $SERVICES there"
}

undo() { :; }
