# shellcheck shell=sh disable=SC2154 # variables come from the plan
# Part of the library of steps: what the configuration files of OpenStack's services have in common.

# How a service logs in to Keystone as its own user in project service. The domain is called Default; Keystone compares
# without regard to case, so that the `default` of some guides means the same.
auth_set() { # FILE SECTION USER PASSWORD [PATH]: PATH ends the address of Keystone, as /v3
    ini_set "$1" "$2" auth_type password
    ini_set "$1" "$2" auth_url "http://$CONTROLLER_NAME:${IDENTITY_ADMIN_PORT:-5000}${5:-}"
    ini_set "$1" "$2" project_domain_name Default
    ini_set "$1" "$2" user_domain_name Default
    ini_set "$1" "$2" project_name service
    ini_set "$1" "$2" username "$3"
    ini_set "$1" "$2" password "$4"
}

authtoken_set() { # FILE USER PASSWORD [SECTION]: and how its API has its users' tokens checked
    auth_set "$1" "${4:-keystone_authtoken}" "$2" "$3"
    ini_set "$1" "${4:-keystone_authtoken}" www_authenticate_uri "http://$CONTROLLER_NAME:5000"
    ini_set "$1" "${4:-keystone_authtoken}" region_name "$REGION" # Debian's files say regionOne, which no catalogue knows
    ini_set "$1" "${4:-keystone_authtoken}" memcached_servers "$CONTROLLER_NAME:11211"
}

database_url() { printf 'mysql+pymysql://%s:%s@%s/%s' "$2" "$(url_quote "$3")" "$CONTROLLER_NAME" "$1"; } # DATABASE USER PASSWORD
message_url() { printf 'rabbit://%s:%s@%s' "$1" "$(url_quote "$2")" "$CONTROLLER_NAME"; }                 # USER PASSWORD

# Migrations of some services take the connection for a template, in which the % of an encoded character means something else.
database_password_plain() { # NAME PASSWORD
    [ "$(url_quote "$2")" = "$2" ] || fail "this service cannot use such a database password: choose one of letters, digits and . _ ~ - for $1"
}

# ---------------------------------------------------------------- what users of the cloud do, for verification
# One Python process, standard library only. The program that is given has: call(service type, method, path below its
# internal endpoint, body, headers, may_fail) -> an answer with status, headers, data and json(); wait(seconds, function),
# which gives the function's first true answer or None; fail(text); project, the id of the project; argv. In a check it may look only.
cloud() { # USER PROJECT PASSWORD PROGRAM [WORD...]
    _program=$4
    _login=$(printf 'http://%s:5000/v3\n%s\n%s\n%s' "$CONTROLLER_ADDRESS" "$1" "$2" "$3"); shift 4
    printf '%s\n' "$ACTION" "$_login" | python3 -c "$_CLOUD$_program" "$@"
}

_CLOUD='
import json, sys, time, urllib.error, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
argv = sys.argv[1:]

def fail(text):
    sys.exit("error: " + text)

class Answer:
    def __init__(self, status, headers, data):
        self.status, self.headers, self.data = status, headers, data
    def json(self):
        return json.loads(self.data or b"{}")

def request(method, url, body=None, headers={}, may_fail=()):
    headers = dict(headers)
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    for tries in (3, 2, 1, 0): # uwsgi resets a connection now and then
        try:
            answer = opener.open(urllib.request.Request(url, body, headers, method=method), timeout=90)
            return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            data = error.read()
            if error.code in may_fail:
                return Answer(error.code, error.headers, data)
            fail("%s %s: %s %s" % (method, url, error.code, data.decode("utf-8", "replace")[:400]))
        except OSError as error:
            if tries and "Connection reset" in str(error) and (method == "GET" or url.endswith("/auth/tokens")):
                time.sleep(1)
                continue
            fail("no answer from %s: %s. Is the service running?" % (url, error))

def login(url, user, scope, password):
    who = {"name": user, "domain": {"id": "default"}, "password": password}
    auth = {"identity": {"methods": ["password"], "password": {"user": who}}, "scope": {"project": {"name": scope, "domain": {"id": "default"}}}}
    answer = request("POST", url + "/auth/tokens", {"auth": auth})
    return answer.headers["X-Subject-Token"], answer.json()["token"]

action, *who = sys.stdin.read().splitlines()
token, about = login(*who)
project = about["project"]["id"]

def endpoint(kind, face="internal"):
    for service in about["catalog"]:
        for end in service["endpoints"]:
            if service["type"] == kind and end["interface"] == face:
                return end["url"].rstrip("/")
    fail("the catalogue has no %s endpoint of type %s" % (face, kind))

def call(kind, method, path, body=None, headers={}, may_fail=()):
    if action == "check" and method not in ("GET", "HEAD"):
        fail("a check must not change anything, and this one wanted to: %s %s" % (method, path))
    return request(method, endpoint(kind) + path, body, dict({"X-Auth-Token": token, "Accept": "application/json"}, **headers), may_fail)

def wait(seconds, function):
    end = time.monotonic() + seconds
    while True:
        answer = function()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.5)
'

holds_data() { awk -v me="$NODE_ADDRESS" '$1 == me { found = 1 } END { exit !found }' "$CPMG_FILES/holders"; } # this node keeps volumes or objects
