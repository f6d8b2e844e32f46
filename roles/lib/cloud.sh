# shellcheck shell=sh disable=SC2016,SC2034,SC2154 # Python programs; variables come from and go to other parts of the library
# Part of the library of steps: OpenStack's APIs, as users of the cloud have them: for verification, and for what a service's own commands cannot do.
#
# cloud USER PROJECT PASSWORD PROGRAM [WORD...]: one Python process, standard library only. In the program there are
#   call(TYPE, METHOD, PATH, body=None, headers={}, may_fail=(), version=None)
#               the service of that type by Keystone's catalogue; an answer with status, headers, data and json(). A status of 400 and more ends
#               the step in words, unless it is in may_fail. In a check it may look only
#   wait(SECONDS, FUNCTION)     the function's first true answer, or None
#   say(TEXT), changed(TEXT), fail(TEXT)    a line of output; one that marks the step as changed; the error that ends the step
#   argv        WORD...
#   project     id of the project
#   short(HOST) a host's name without its domain
# The password goes by standard input, as everywhere.

cloud() { # USER PROJECT PASSWORD PROGRAM [WORD...]
    _program=$4
    _login=$(printf 'http://%s:5000/v3\n%s\n%s\n%s' "$CONTROLLER_ADDRESS" "$1" "$2" "$3"); shift 4
    printf '%s\n' "$ACTION" "${CPMG_ATTEMPT:-}/outcome" "$_login" | python3 -c "$_HTTP$_CLOUD$_program" "$@"
}

_CLOUD='
argv = sys.argv[1:]

def fail(text):
    sys.exit("error: " + text)

def say(text):
    print(text, flush=True)

def changed(text):
    say(text)
    with open(outcome, "w") as file:
        file.write("changed\n")

def short(host):
    return host.split(".")[0]

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
    try:
        return Answer(*send(urllib.request.Request(url, body, headers, method=method), 90))
    except urllib.error.HTTPError as error:
        data = error.read()
        if error.code in may_fail:
            return Answer(error.code, error.headers, data)
        fail("%s %s: %s %s" % (method, url, error.code, data.decode("utf-8", "replace")[:400]))
    except OSError as error:
        fail("no answer from %s: %s. Is the service running?" % (url, error))

def login(url, user, scope, password):
    who = {"name": user, "domain": {"id": "default"}, "password": password}
    auth = {"identity": {"methods": ["password"], "password": {"user": who}}, "scope": {"project": {"name": scope, "domain": {"id": "default"}}}}
    answer = request("POST", url + "/auth/tokens", {"auth": auth})
    return answer.headers["X-Subject-Token"], answer.json()["token"]

action, outcome, *who = sys.stdin.read().splitlines()
token, about = login(*who)
project = about["project"]["id"]

def endpoint(kind, face="internal"):
    for service in about["catalog"]:
        for end in service["endpoints"]:
            if service["type"] == kind and end["interface"] == face:
                return end["url"].rstrip("/")
    fail("the catalogue has no %s endpoint of type %s" % (face, kind))

def call(kind, method, path, body=None, headers={}, may_fail=(), version=None):
    if action == "check" and method not in ("GET", "HEAD"):
        fail("a check must not change anything, and this one wanted to: %s %s" % (method, path))
    usual = {"X-Auth-Token": token, "Accept": "application/json"}
    if version:
        usual["OpenStack-API-Version"] = "%s %s" % (kind, version)
    return request(method, endpoint(kind) + path, body, dict(usual, **headers), may_fail)

def wait(seconds, function):
    end = time.monotonic() + seconds
    while True:
        answer = function()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.5)
'
