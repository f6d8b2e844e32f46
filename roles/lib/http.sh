# shellcheck shell=sh disable=SC2034 # a Python program for other parts of the library
# Part of the library of steps: how its Python programs ask an HTTP server. No proxy: a node's own services are meant.
#
#   send(request, seconds)   status, headers and data of the answer; urllib.error.HTTPError from a status of 400 on, OSError without an answer.
#                            uwsgi resets a connection now and then: what can be asked twice (GET, HEAD, a token) is asked again then

_HTTP='
import json, sys, time, urllib.error, urllib.parse, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

def send(request, seconds):
    twice = request.get_method() in ("GET", "HEAD") or request.full_url.endswith("/auth/tokens")
    for tries in (3, 2, 1, 0):
        try:
            with opener.open(request, timeout=seconds) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError:
            raise
        except OSError as error:
            if not tries or not twice or "Connection reset" not in str(error):
                raise
            time.sleep(1)
'
