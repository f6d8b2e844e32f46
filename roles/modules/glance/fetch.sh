# shellcheck shell=sh
# Task "images", on the node that is to serve them: each image is fetched from the node that has it, by Glance itself, and compared with its checksum.
# One that is there already is left alone, so a second run goes on where the first was.
PROGRAM='
import hashlib, os, shutil
address, folder, rest = argv
def images():
    found = []
    for hidden in ("false", "true"):
        path = "/v2/images?limit=500&visibility=all&os_hidden=" + hidden
        while path:
            answer = call("image", "GET", path, may_fail=(400,))
            if answer.status == 400: # a release that does not know one of these words
                if hidden == "true":
                    break
                answer = call("image", "GET", "/v2/images?limit=500")
            answer = answer.json()
            found += answer["images"]
            path = answer.get("next")
    return {i["id"]: i for i in found}.values()
def is_there(image):
    path = os.path.join(folder, image["id"])
    return os.path.exists(path) and os.path.getsize(path) == image["size"]
def fetch(image):
    # With a token of its own: many images take longer than one is valid.
    own, _ = login(*who)
    question = urllib.request.Request("http://%s:9292/v2/images/%s/file" % (address, image["id"]), headers={"X-Auth-Token": own})
    path, digest = os.path.join(folder, image["id"]), hashlib.md5()
    part = path + ".cpmg"
    try:
        with opener.open(question, timeout=120) as answer, open(part, "wb") as file:
            while True:
                block = answer.read(1 << 20)
                if not block:
                    break
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        fail("image %s (%s) could not be fetched from %s: %s" % (image["name"], image["id"], address, error))
    if digest.hexdigest() != image["checksum"]:
        os.unlink(part)
        fail("image %s (%s) came with another checksum than Glance knows: try again" % (image["name"], image["id"]))
    os.chmod(part, 0o640)
    shutil.chown(part, "glance", "glance")
    os.rename(part, path)
    changed("fetched image %s (%s), %d MB" % (image["name"], image["id"], image["size"] >> 20))
BUSY = ("saving", "uploading", "importing")
for _ in range(1800 if rest else 1):
    busy = [i for i in images() if i["status"] in BUSY]
    if not busy:
        break
    time.sleep(1)
if rest and busy:
    fail("after half an hour still being uploaded to %s: %s. Try again when they are there" % (address, ", ".join(i["name"] or i["id"] for i in busy)))
wanted = [i for i in images() if i["status"] in ("active", "deactivated")]
missing = [i for i in wanted if not is_there(i)]
needed, free = sum(i["size"] for i in missing), os.statvfs(folder)
if needed > free.f_bavail * free.f_frsize:
    fail("%d images need %d MB in %s, %d MB are free" % (len(missing), needed >> 20, folder, free.f_bavail * free.f_frsize >> 20))
asleep = [i for i in missing if i["status"] == "deactivated"]
if asleep:
    fail("deactivated images cannot be read: reactivate %s while they move" % ", ".join(i["id"] for i in asleep))
for image in missing:
    fetch(image)
say("%d images are in %s, %d of them fetched now" % (len(wanted), folder, len(missing)))
'

run() {
    case $STEP in */fetch-rest) rest=all ;; *) rest='' ;; esac # when everybody knows the new node: what came to the old one meanwhile, or is still coming
    address=$(printf '%s\n' "$IMAGES_FROM" | awk '{ print $1 }')
    [ "$address" != "$NODE_ADDRESS" ] || { say "the images are here"; return 0; }
    cloud admin admin "$ADMIN_PASSWORD" "$PROGRAM" "$address" "$IMAGES" "$rest"
}
