# shellcheck shell=sh
# The program comes from where the operator says, and only if its checksum is what the operator says. On the first controller alone.
first() { [ "$NODE_ADDRESS" = "$CONTROLLER_ADDRESS" ]; }
marker=/etc/loki/program
# Another address or checksum is another program.
wanted() { printf '%s %s\n' "$LOKI_SHA256" "$LOKI_BINARY"; }

check() { ! first || { [ -x "$LOKI_BINARY" ] && [ "$(cat "$marker" 2>/dev/null)" = "$(wanted)" ] && id -u loki >/dev/null 2>&1; }; }

user_drop() { ! id -u "$1" >/dev/null 2>&1 || { say "removing user $1"; userdel "$1"; }; }

run() {
    first || { say "Loki is on $CONTROLLER_NAME"; return 0; }
    [ -n "$LOKI_SOURCE" ] || fail "no distribution packages Loki: set the option LOKI_SOURCE of the module loki to where its program is (https://… or file:///… on $NODE_NAME), and LOKI_SHA256 to its checksum"
    printf '%s' "$LOKI_SHA256" | grep -qxE '[0-9a-f]{64}' || fail "LOKI_SHA256 is '$LOKI_SHA256': the 64 digits that sha256sum prints for what LOKI_SOURCE gives, please"
    say "fetching $LOKI_SOURCE"
    got=$CPMG_ATTEMPT/loki.got
    printf '%s\n' "$LOKI_SOURCE" "$LOKI_SHA256" "$got" | python3 -c '
import hashlib, sys, urllib.request
url, wanted, place = sys.stdin.read().split("\n")[:3]
if not url.startswith(("https://", "http://", "file:///")):
    sys.exit("LOKI_SOURCE is %s: an address that begins with https://, http:// or file:///, please" % url)
seen = hashlib.sha256()
try:
    with urllib.request.urlopen(url, timeout=60) as answer, open(place, "wb") as out:
        for piece in iter(lambda: answer.read(1 << 20), b""):
            seen.update(piece)
            out.write(piece)
except OSError as error:
    sys.exit("%s: %s" % (url, error))
if seen.hexdigest() != wanted:
    sys.exit("%s has the checksum %s, not %s: it is not what you meant" % (url, seen.hexdigest(), wanted))
' || fail "the program Loki could not be fetched (see above)"
    mkdir -p "$CPMG_ATTEMPT/loki.d"
    case $LOKI_SOURCE in
        *.deb) dpkg-deb -x "$got" "$CPMG_ATTEMPT/loki.d" ;;
        *.zip) python3 -m zipfile -e "$got" "$CPMG_ATTEMPT/loki.d" ;;
        *.gz) gzip -dc "$got" >"$CPMG_ATTEMPT/loki.d/loki" ;;
        *) mv "$got" "$CPMG_ATTEMPT/loki.d/loki" ;;
    esac || fail "$LOKI_SOURCE cannot be unpacked (see above)"
    program=$(find "$CPMG_ATTEMPT/loki.d" -type f \( -name loki -o -name 'loki-linux-*' \) | head -n 1)
    [ -n "$program" ] || fail "$LOKI_SOURCE holds no program called loki or loki-linux-…"
    chmod 0755 "$program"
    version=$("$program" -version 2>&1) || fail "what LOKI_SOURCE gives does not run on $NODE_NAME: $(printf '%s' "$version" | tail -n 1)"
    say "$(printf '%s\n' "$version" | head -n 1)"
    if ! id -u loki >/dev/null 2>&1; then
        undo_on user_drop loki
        useradd --system --user-group --no-create-home --home-dir "$LOKI_DATA" --shell /usr/sbin/nologin loki
        mark_changed
    fi
    dir_ensure /etc/loki
    dir_ensure "$LOKI_DATA" 0750 loki:loki
    file_install "$program" "$LOKI_BINARY" 0755 root:root # not previewed: nothing is fetched for a look
    wanted | file_write "$marker" # not previewed: as the program
    rm -rf "$CPMG_ATTEMPT/loki.d" "$got"
}

undo() { undo_all; }
