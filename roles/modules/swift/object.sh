# shellcheck shell=sh
# The proof: a container and an object are made, the object is read again, both are deleted, as users do.
run() {
    cloud admin admin "$ADMIN_PASSWORD" '
import hashlib
text = ("%s\n" % time.time()).encode() * 5000
place = "/cpmg-proof"
def ready(): # the ring of a node that has just started
    return call("object-store", "PUT", place, may_fail=(503,)).status in (201, 202)
wait(60, ready) or fail("no container can be made after a minute: 503")
try:
    put = call("object-store", "PUT", place + "/object", text, {"Content-Type": "text/plain"})
    got = call("object-store", "GET", place + "/object")
    if got.data != text or put.headers["Etag"].strip("\"") != hashlib.md5(text).hexdigest():
        fail("Swift gave back something else than was put there")
    print("Swift stored an object of %d bytes and gave it back" % len(text))
finally:
    call("object-store", "DELETE", place + "/object", may_fail=(404,))
    call("object-store", "DELETE", place, may_fail=(404, 409))
' || fail "Swift on $CONTROLLER_NAME does not keep objects (see above). Look at journalctl -u $PROXY_SERVICE there"
}
