"""As much of Keystone's API as roles/lib/identity.sh uses. Prints its port; writes its objects to the file given, one a line."""
import http.server
import itertools
import json
import sys
import urllib.parse

numbers = itertools.count(1)
tables = {"domain": {}, "project": {}, "role": {}, "user": {}, "service": {}, "endpoint": {}}
grants = set()


def add(kind, **fields):
    fields["id"] = str(next(numbers))
    tables[kind][fields["id"]] = fields
    return fields


def name(kind, number):
    return tables[kind][number]["name"]


def write():
    with open(sys.argv[1], "w") as file:
        for kind, table in tables.items():
            for one in table.values():
                if kind == "endpoint":
                    service = tables["service"][one["service_id"]]["type"]
                    words = [service, one["interface"], one["region_id"], one["url"]]
                elif kind == "service":
                    words = [one["name"], one["type"]]
                else:
                    words = [one["name"]] + ([one["password"]] if kind == "user" else [])
                print(kind, *words, file=file)
        for kind, scope, user, role in grants:
            print("grant", name("user", user), name(kind, scope), name("role", role), file=file)


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body=None, headers=()):
        write()
        data = json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def handle_it(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        address = urllib.parse.urlsplit(self.path)
        words = address.path.split("/")[2:]
        if words == ["auth", "tokens"]:
            asked = body["auth"]["identity"]["password"]["user"]
            known = any(u["name"] == asked["name"] and u["password"] == asked["password"] for u in tables["user"].values())
            if not known:
                return self.answer(401, {"error": {"code": 401}})
            catalog = [
                {"type": s["type"], "endpoints": [e for e in tables["endpoint"].values() if e["service_id"] == s["id"]]}
                for s in tables["service"].values()
            ]
            return self.answer(201, {"token": {"expires_at": "tomorrow", "catalog": catalog}}, [("X-Subject-Token", "token")])
        if self.headers.get("X-Auth-Token") != "token":
            return self.answer(401, {"error": {"code": 401}})
        if words[0] in ("projects", "domains") and len(words) == 6:
            grant = (words[0][:-1], words[1], words[3], words[5])
            if self.command == "PUT":
                grants.add(grant)
            elif self.command == "DELETE":
                grants.discard(grant)
            return self.answer(204 if grant in grants or self.command != "HEAD" else 404)
        kind = words[0][:-1]
        table = tables[kind]
        if self.command == "GET":
            query = dict(urllib.parse.parse_qsl(address.query))
            found = [o for o in table.values() if all(o.get(k, v) == v for k, v in query.items())]
            return self.answer(200, {kind + "s": found})
        if self.command == "POST":
            return self.answer(201, {kind: add(kind, **body[kind])})
        if self.command == "PATCH":
            table[words[1]].update(body[kind])
            return self.answer(200, {kind: table[words[1]]})
        if kind == "domain" and table[words[1]].get("enabled", True):
            return self.answer(403, {"error": {"code": 403}})
        del table[words[1]]
        for grant in [g for g in grants if words[1] in g]:
            grants.discard(grant)
        for end in [e for e in tables["endpoint"].values() if e["service_id"] == words[1]]:
            del tables["endpoint"][end["id"]]
        return self.answer(204)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = handle_it


add("user", name="admin", password="secret")
add("project", name="admin")
add("role", name="admin")
write()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
