# shellcheck shell=sh disable=SC2016,SC2034,SC2154 # Python programs; variables come from and go to other parts of the library
# Part of the library of steps: OpenStack's APIs, for what a service's own commands cannot do.
#
# cloud_python PROGRAM [WORD...]: after identity_begin, runs a Python program (standard library only) in which there are
#   call(METHOD, TYPE, PATH, body=None, version=None, may_fail=())   the service of that type by Keystone's catalogue; the answer, None
#                                                                    for a status in may_fail; any other fault ends the step in words
#   words     WORD...
#   say(TEXT), changed(TEXT), stop(TEXT): a line of output; one that marks the step as changed; the error that ends the step
# The password goes by standard input, as everywhere.

cloud_python() {
    _never "run a program against the cloud's APIs"
    _program=$1; shift
    printf '%s\n' "$_identity" | python3 -c "$_CLOUD_APIS$_program" "$CPMG_ATTEMPT/outcome" "$@"
}

_CLOUD_APIS='
import json, sys, time, urllib.error, urllib.parse, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
outcome, words = sys.argv[1], sys.argv[2:]
_url, _user, _project, _password = sys.stdin.readline().rstrip("\n").split("\t")
_token, _ends = "", {}

def stop(text):
    sys.exit("error: " + text)

def say(text):
    print(text, flush=True)

def changed(text):
    say(text)
    with open(outcome, "w") as file:
        file.write("changed\n")

def _ask(method, url, body, headers, may_fail):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, dict({"Content-Type": "application/json", "X-Auth-Token": _token}, **headers), method=method)
    try:
        answer = opener.open(request, timeout=60)
    except urllib.error.HTTPError as error:
        if error.code in may_fail:
            return None, None
        stop("%s %s: %s %s" % (method, url, error.code, error.read().decode("utf-8", "replace")[:300]))
    except OSError as error:
        stop("no answer from %s: %s. Does the service run on the controller?" % (url, error))
    return answer.headers, json.loads(answer.read() or b"{}")

def call(method, kind, path, body=None, version=None, may_fail=()):
    if kind not in _ends:
        stop("the cloud has no endpoint of type " + kind)
    headers = {"OpenStack-API-Version": "%s %s" % (kind, version)} if version else {}
    return _ask(method, _ends[kind].rstrip("/") + path, body, headers, may_fail)[1]

_login = {"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": _user, "domain": {"id": "default"}, "password": _password}}},
    "scope": {"project": {"name": _project, "domain": {"id": "default"}}}}}
_headers, _answer = _ask("POST", _url.rstrip("/") + "/auth/tokens", _login, {}, ())
_token = _headers["X-Subject-Token"]
for _service in _answer["token"]["catalog"]:
    for _end in _service["endpoints"]:
        if _end["interface"] == "internal":
            _ends[_service["type"]] = _end["url"]

def short(host):
    return host.split(".")[0]
'
