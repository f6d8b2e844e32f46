"""Logs in to Horizon through its form, as a browser does, and opens a page behind it. Standard input: URL, user, password."""
import html
import http.cookiejar
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

url, user, password = sys.stdin.read().splitlines()
opener = urllib.request.build_opener(
    urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
)


def get(address, form=None):
    data = None if form is None else urllib.parse.urlencode(form).encode()
    try:
        answer = opener.open(urllib.request.Request(address, data, {"Referer": address}), timeout=120)
    except urllib.error.HTTPError as error:
        sys.exit("error: %s answers %s %s" % (address, error.code, error.reason))
    except OSError as error:
        sys.exit("error: no answer from %s: %s" % (address, error))
    return answer.geturl(), answer.read().decode("utf-8", "replace")


began = time.monotonic()
# The pages of projects need a compute service; those of Keystone's users are always there.
behind = urllib.parse.urlsplit(url).path + "identity/"
address, page = get(url + "auth/login/?next=" + behind)
form = {}
for tag in re.findall(r"<input\b[^>]*>", page):
    field = dict((k, html.unescape(v)) for k, v in re.findall(r'(\w+)="([^"]*)"', tag))
    if field.get("type") == "hidden" and "name" in field:
        form[field["name"]] = field.get("value", "")
if "csrfmiddlewaretoken" not in form:
    sys.exit("error: %s shows no login form" % address)
form["username"], form["password"], form["next"] = user, password, behind
if re.search(r'name="domain"', page):
    form["domain"] = "Default"
if "region" not in form:
    choice = re.search(r'<select[^>]*name="region".*?<option value="([^"]*)"', page, re.S)
    form["region"] = html.unescape(choice.group(1)) if choice else "default"
place, page = get(address, form)
if "/auth/login" in place:
    told = re.search(r'<div[^>]*class="[^"]*(?:alert|error)[^"]*"[^>]*>(.*?)</div>', page, re.S)
    words = re.sub(r"<[^>]*>|\s+", " ", told.group(1)).strip() if told else "the form is shown again"
    sys.exit("error: %s refuses %s: %s" % (address, user, words))
if "auth/logout" not in page or behind not in place:
    sys.exit("error: %s shows no way to log out: nobody is logged in" % place)
title = re.search(r"<title>(.*?)</title>", page, re.S)
print("%s is logged in at %s after %.1f s; page: %s" % (user, place, time.monotonic() - began, " ".join(title.group(1).split()) if title else "without a title"))
