# shellcheck shell=sh
# The proof: the console's page comes, and the API behind it knows the administrator.
run() {
    printf '%s\n' "$ADMIN_PASSWORD" | python3 -c '
import json, ssl, sys, urllib.request
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE # of the node itself
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
where, region = sys.argv[1:]
for scheme in ("https", "http"):
    try:
        page = opener.open("%s://%s:9999/" % (scheme, where), timeout=60).read()
        break
    except OSError as error:
        page, why = b"", error
if b"<html" not in page.lower():
    sys.exit("error: no page at port 9999: %s" % why)
body = json.dumps({"username": "admin", "password": sys.stdin.read().rstrip("\n"), "domain": "default", "region": region}).encode()
login = urllib.request.Request("http://%s:28000/api/v1/login" % where, body, {"Content-Type": "application/json"})
answer = json.load(opener.open(login, timeout=60))
print("Skyline let in", answer["user"]["name"])
' "$CONTROLLER_ADDRESS" "$REGION" || fail "Skyline on $CONTROLLER_NAME does not let the administrator in (see above). Look at /var/log/skyline there"
}
