# shellcheck shell=sh disable=SC2016,SC2154 # texts with $ and backquotes are meant; variables come from other parts of the library
# Part of the library of steps: Keystone's objects.

# ---------------------------------------------------------------- identity (Keystone's API, one process for many objects)
# identity_begin, then any of project_ensure … endpoint_ensure, then identity_apply: one Python process, standard
# library only (the command line client costs a second or more a call).

identity_begin() { _identity=$(printf '%s\t%s\t%s\t%s' "$1" "$2" "$3" "$4"); } # URL USER PROJECT PASSWORD
_identity_add() { _identity=$(printf '%s\n%s' "$_identity" "$1"); shift; for _word; do _identity=$(printf '%s\t%s' "$_identity" "$_word"); done; }
project_ensure() { _identity_add project "$1"; }               # NAME
role_ensure() { _identity_add role "$1"; }                     # NAME
user_ensure() { _identity_add user "$1" "$2"; }                # NAME PASSWORD
grant_ensure() { _identity_add grant "$1" "$2" "$3"; }         # USER PROJECT ROLE
service_ensure() { _identity_add service "$1" "$2" "$3"; }     # NAME TYPE DESCRIPTION
endpoint_ensure() { # TYPE URL [URL FOR ADMINISTRATORS]
    for _face in public internal; do _identity_add endpoint "$1" "$_face" "$REGION" "$2"; done
    _identity_add endpoint "$1" admin "$REGION" "${3:-$2}"
}
domain_ensure() { _identity_add domain "$1"; }                 # NAME
domain_user_ensure() { _identity_add domain_user "$1" "$2" "$3"; }   # NAME DOMAIN PASSWORD
domain_grant_ensure() { _identity_add domain_grant "$1" "$2" "$3"; } # USER DOMAIN ROLE: a user of that domain, for that domain

identity_apply() { # does it; without objects it gets a token and says from where; exit 1 if Keystone refuses
    case $_identity in *'
'*) _never "change Keystone's objects" ;; esac
    printf '%s\n' "$_identity" | python3 -c "$_HTTP$_IDENTITY" "$CPMG_SAVED/journal" "$CPMG_ATTEMPT/outcome"
}
api_get() { # TYPE PATH: what the service of this type answers, found by Keystone's catalogue, as a client finds it
    printf '%s\nget\t%s\t%s\n' "$_identity" "$1" "$2" | python3 -c "$_HTTP$_IDENTITY" - -
}
identity_good() { printf '%s\n' "$_identity" | python3 -c "$_HTTP$_IDENTITY" - -; } # for check: there is nothing to do for identity_apply
_undo_identity() { # KIND WORD...: the step's script defines identity_login, which calls identity_begin
    identity_login
    _identity_add remove "$@"
    identity_apply
}

_IDENTITY='
import os
journal, outcome = sys.argv[1:]
login, *wanted = [line.split("\t") for line in sys.stdin.read().splitlines()]
url, name, project, password = login
url, token = url.rstrip("/"), ""

def call(method, path, body=None, may_fail=()):
    if journal == "-" and method not in ("GET", "HEAD") and path != "/auth/tokens":
        sys.exit(1)
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"Content-Type": "application/json", "X-Auth-Token": token}, method=method)
    try:
        _, headers, answer = send(request, 60)
    except urllib.error.HTTPError as error:
        if error.code in may_fail:
            return None
        sys.exit("error: %s %s%s: %s %s" % (method, url, path, error.code, error.read().decode("utf-8", "replace")[:300]))
    except OSError as error:
        sys.exit("error: no answer from %s: %s. Does it run, and is its name in /etc/hosts?" % (url, error))
    return headers, json.loads(answer or b"{}")

def ask_token(user, secret, scope, domain="default", **more):
    auth = {"identity": {"methods": ["password"], "password": {"user": {"name": user, "domain": {"id": domain}, "password": secret}}}}
    if scope:
        auth["scope"] = {"project": {"name": scope, "domain": {"id": "default"}}}
    return call("POST", "/auth/tokens", {"auth": auth}, **more)

def find(kind, **query):
    found = call("GET", "/%ss?%s" % (kind, urllib.parse.urlencode(query)))[1][kind + "s"]
    return found[0] if found else None

def note(*words):
    if journal == "-":
        sys.exit(1)
    os.makedirs(os.path.dirname(journal), 0o700, exist_ok=True)
    with open(journal, "a") as file:
        file.write("identity " + " ".join(words) + "\n")

def changed(text):
    print(text, flush=True)
    with open(outcome, "w") as file:
        file.write("changed\n")

def ensure(kind, words, query, more={}):
    there = find(kind, **query)
    if not there:
        note(kind, *words)
        there = call("POST", "/%ss" % kind, {kind: dict(query, **more)})[1][kind]
        changed("created %s %s" % (kind, " ".join(words)))
    return there

def delete(kind, there, words):
    if there:
        call("DELETE", "/%ss/%s" % (kind, there["id"]))
        changed("deleted %s %s" % (kind, " ".join(words)))

headers, answer = ask_token(name, password, project)
token = headers["X-Subject-Token"]
if not wanted:
    print("%s gave %s a token for project %s, valid until %s" % (url, name, project, answer["token"]["expires_at"]))
    for service in answer["token"]["catalog"]:
        print(service["type"] + ":", ", ".join(sorted("%(interface)s %(url)s" % end for end in service["endpoints"])))
for op, *words in wanted:
    remove = op == "remove"
    kind, words = (words[0], words[1:]) if remove else (op, words)
    if kind == "get":
        ends = [end["url"] for service in answer["token"]["catalog"] if service["type"] == words[0]
            for end in service["endpoints"] if end["interface"] == "public"]
        if not ends:
            sys.exit("error: the catalogue of Keystone at %s has no public endpoint of type %s" % (url, words[0]))
        url = ends[0].rstrip("/")
        print(json.dumps(call("GET", words[1])[1]))
        continue
    domain = {"domain_id": "default"} if kind in ("user", "project") else {}
    if kind == "grant":
        user, scope, role = (find(k, name=n, **({} if k == "role" else {"domain_id": "default"})) for k, n in zip(("user", "project", "role"), words))
        if user and scope and role:
            path = "/projects/%s/users/%s/roles/%s" % (scope["id"], user["id"], role["id"])
            there = call("HEAD", path, may_fail=(404,))
            if remove != (not there):
                remove or note(kind, *words)
                call("DELETE" if remove else "PUT", path)
                changed("%s role %s for %s in %s" % ("took back" if remove else "granted", words[2], words[0], words[1]))
        elif not remove:
            sys.exit("error: one of user, project, role does not exist: " + " ".join(words))
    elif kind in ("domain_user", "domain_grant"):
        home = find("domain", name=words[1])
        user = home and find("user", name=words[0], domain_id=home["id"])
        if not home:
            remove or sys.exit("error: Keystone knows no domain " + words[1])
        elif kind == "domain_user" and remove:
            delete("user", user, words)
        elif kind == "domain_user":
            if not user:
                note(kind, *words[:2])
                call("POST", "/users", {"user": {"name": words[0], "domain_id": home["id"], "password": words[2]}})
                changed("created user %s of domain %s" % tuple(words[:2]))
            elif not ask_token(words[0], words[2], None, home["id"], may_fail=(401,)):
                call("PATCH", "/users/" + user["id"], {"user": {"password": words[2]}})
                changed("set the password of user %s (the old one cannot be read, so undo leaves the new one)" % words[0])
        else:
            role = find("role", name=words[2])
            if user and role:
                path = "/domains/%s/users/%s/roles/%s" % (home["id"], user["id"], role["id"])
                if remove != (not call("HEAD", path, may_fail=(404,))):
                    remove or note(kind, *words)
                    call("DELETE" if remove else "PUT", path)
                    changed("%s role %s for %s in domain %s" % ("took back" if remove else "granted", words[2], words[0], words[1]))
            elif not remove:
                sys.exit("error: one of user, role does not exist: " + " ".join(words))
    elif kind in ("service", "endpoint"):
        query = {"name": words[0], "type": words[1]} if kind == "service" else None
        if kind == "endpoint":
            service = find("service", type=words[0]) or remove or sys.exit("error: Keystone knows no service " + words[0])
            if service is True:
                continue
            query = {"service_id": service["id"], "interface": words[1], "region_id": words[2]}
        there = find(kind, **query)
        if remove and len(words) == 4: # the address it had before
            if there:
                call("PATCH", "/endpoints/" + there["id"], {"endpoint": {"url": words[3]}})
                changed("endpoint %s %s: %s again" % (words[0], words[1], words[3]))
        elif remove:
            delete(kind, there, words)
        elif kind == "service":
            ensure(kind, words[:2], query, {"description": words[2]})
        elif there and there["url"] != words[3]:
            note(kind, *words[:3], there["url"])
            call("PATCH", "/endpoints/" + there["id"], {"endpoint": {"url": words[3]}})
            changed("endpoint %s %s: %s, was %s" % (words[0], words[1], words[3], there["url"]))
        else:
            ensure(kind, words[:3], query, {"url": words[3]})
    elif remove:
        there = find(kind, name=words[0], **domain)
        if there and kind == "domain": # one that is in use is not deleted
            call("PATCH", "/domains/" + there["id"], {"domain": {"enabled": False}})
        delete(kind, there, words)
    else:
        there = ensure(kind, words[:1], dict(domain, name=words[0]), {"password": words[1]} if kind == "user" else {})
        if kind == "user" and not ask_token(words[0], words[1], None, may_fail=(401,)):
            call("PATCH", "/users/" + there["id"], {"user": {"password": words[1]}})
            changed("set the password of user %s (the old one cannot be read, so undo leaves the new one)" % words[0])
'
