# What may block, each in a child process: names, ports, repositories, clock.


class Kid(object):
    def __init__(self, pipe, task, subject):
        self.pipe, self.task, self.subject, self.said, self.ended = pipe, task, subject, b"", False


# Starts waiting jobs: (task, subject, ms, code that returns lines).
def start_jobs():
    while st.jobs and len(st.kids) < KIDS:
        task, subject, ms, code = st.jobs.pop(0)
        st.pending += 1
        read, write = os.pipe()
        try:
            pid = os.fork()
        except EnvironmentError as e:
            os.close(read)
            os.close(write)
            fault(task, None, subject, "fork: %s" % reason(e))
            st.pending -= 1
            continue
        if not pid:
            work(read, write, task, subject, ms, code)
        os.close(write)
        watch(pid, read, task, subject, ms)


def work(read, write, task, subject, ms, code):
    for s in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(s, signal.SIG_DFL)
    signal.alarm(ms // 1000 + 2)
    os.close(read)
    if st.guard is not None:
        os.close(st.guard)
    for one in list(st.nics.values()) + st.echos:
        if one.socket is not None:
            one.socket.close()
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    try:
        lines = code()
    except Exception as e:
        lines = [fault_words(task, None, subject, reason(e))]
    os.write(write, "".join(line + "\n" for line in lines).encode("ascii", "replace"))
    os._exit(0)


def watch(pid, read, task, subject, ms):
    k = st.kids[pid] = Kid(read, task, subject)

    def late():
        if not k.ended:
            k.said = fault_words(task, None, subject, "no answer within %d ms" % ms).encode("ascii")
            os.kill(pid, signal.SIGKILL)
            end_job(pid)

    at(ms, late)


def end_job(pid):
    k = st.kids.pop(pid)
    k.ended = True
    os.close(k.pipe)
    os.waitpid(pid, 0)
    said = k.said or fault_words(k.task, None, k.subject, "it ended without a word").encode("ascii")
    for line in said.decode("ascii", "replace").splitlines():
        say_line(line)
    st.pending -= 1
    start_jobs()


def resolve(name, port):
    try:
        found = socket.getaddrinfo(name, port, 0, socket.SOCK_STREAM)
    except EnvironmentError as e:
        return (e.args[1] if len(e.args) > 1 else str(e)), [], []
    except UnicodeError as e:
        return str(e), [], []
    texts, places = [], []
    for family, _, _, _, place in found:
        text = place[0].split("%")[0]
        if text not in texts:
            texts.append(text)
            places.append((family, place))
    return (None if texts else "it has no address"), texts, places


def name_job(name):
    start = now()
    why, texts, _ = resolve(name, None)
    return [" ".join(("name", word(name), str(int(now() - start)), ",".join(texts[:16]) or "-", word(why)))]


def said(*command):
    try:
        p = subprocess.Popen(("timeout", "4") + command, stdout=subprocess.PIPE, close_fds=True)
        return p.communicate()[0].decode("utf-8", "replace")
    except EnvironmentError:
        return ""


def first_of(text, pattern):
    found = re.search(pattern, text, re.M | re.I)
    return found.group(1) if found else None


def clock_job():
    state = first_of(said("chronyc", "-n", "tracking"), r"^Leap status\s*:\s*(.*\S)")
    if state is not None:
        return ["clock chronyc " + ("no" if state.startswith("Not sync") else "yes")]
    state = first_of(said("timedatectl", "show", "-p", "NTPSynchronized"), r"^NTPSynchronized=(yes|no)$")
    if state is None:
        state = first_of(said("timedatectl", "status"), r"(?:NTP|clock) synchronized: (yes|no)$")
    if state is not None:
        return ["clock timedatectl " + state]
    state = first_of(said("ntpq", "-c", "rv"), r"(leap_\w+)")
    if state is not None:
        return ["clock ntpq " + ("no" if state == "leap_alarm" else "yes")]
    return ["clock - -"]


def plain(text):
    return word(text).replace(",", "%2C")


def ports_job(ports):
    wanted = dict((p, []) for p in ports)
    inodes = {}
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(path) as f:
                rows = [line.split() for line in f]
        except EnvironmentError:
            continue
        for row in rows:
            if len(row) < 10 or row[3] != "0A":
                continue
            address, port = row[1].split(":")
            listeners = wanted.get(int(port, 16))
            if listeners is None or len(listeners) >= MACS:
                continue
            # The kernel prints words in the machine's order.
            data = b"".join(struct.pack("I", int(address[i:i + 8], 16)) for i in range(0, len(address), 8))
            if data[:12] == b"\0" * 10 + b"\xff\xff":
                data = data[12:]
            text = socket.inet_ntop(socket.AF_INET if len(data) == 4 else socket.AF_INET6, data)
            one = inodes[row[9]] = {"address": text}
            listeners.append(one)
    left = len(inodes)
    for fd in glob.iglob("/proc/[0-9]*/fd/*") if left else ():
        try:
            link = os.readlink(fd)
        except EnvironmentError:
            continue
        one = inodes.get(link[8:-1]) if link.startswith("socket:[") else None
        if one is None or "pid" in one:
            continue
        one["pid"] = pid = fd.split("/")[2]
        one["name"] = setting("/proc/%s/comm" % pid)
        try:
            with open("/proc/%s/cgroup" % pid) as f:
                one["unit"] = first_of(f.read(), r"/([^/\s]+\.service)\b")
        except EnvironmentError:
            pass
        left -= 1
        if not left:
            break
    form = lambda o: ",".join((o["address"], o.get("pid", "-"), plain(o.get("name")), plain(o.get("unit"))))
    return [" ".join(["port", str(p)] + [form(o) for o in wanted[p]]) for p in sorted(wanted)]


def text_of(path):
    try:
        with open(path) as f:
            return f.read()
    except (EnvironmentError, UnicodeError):
        return ""


def suite(url, name):
    url = url.rstrip("/") + "/"
    return (url + name + "InRelease" if name.endswith("/") else "%sdists/%s/InRelease" % (url, name), None)


# Repositories of apt, dnf and yum, as (URL, proxy of its own).
def configured():
    found = []
    for path in ["/etc/apt/sources.list"] + sorted(glob.glob("/etc/apt/sources.list.d/*.list")):
        for url, name in re.findall(r"^\s*deb\s+(?:\[[^\]]*\]\s+)?(https?://\S+)\s+(\S+)", text_of(path), re.M):
            found.append(suite(url, name))
    for path in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
        for part in re.split(r"\n\s*\n", text_of(path)):
            if re.search(r"^Enabled:\s*no", part, re.M | re.I):
                continue
            words = lambda key: (first_of(part, r"^%s:[ \t]*(.*(?:\n[ \t].*)*)" % key) or "").split()
            found += [suite(u, s) for u in words("URIs") if re.match("https?://", u) for s in words("Suites")]
    values = {"basearch": platform.machine(), "arch": platform.machine()}
    values["releasever"] = first_of(text_of("/etc/os-release"), r'^VERSION_ID="?(\d+)') or "$releasever"
    for path in glob.glob("/etc/dnf/vars/*") + glob.glob("/etc/yum/vars/*"):
        values[os.path.basename(path)] = text_of(path).strip()
    for path in sorted(glob.glob("/etc/yum.repos.d/*.repo")):
        for part in text_of(path).replace("\n[", "\n\0[").split("\0"):
            if re.search(r"^enabled\s*=\s*(?:0|no|false)", part, re.M | re.I):
                continue
            hit = re.search(r"^(baseurl|metalink|mirrorlist)\s*=\s*(https?:\S+)", part, re.M)
            if not hit:
                continue
            url = re.sub(r"\$\{?(\w+)\}?", lambda m: values.get(m.group(1), "$" + m.group(1)), hit.group(2))
            if hit.group(1) == "baseurl":
                url = url.rstrip("/") + "/repodata/repomd.xml"
            found.append((url, first_of(part, r"^proxy\s*=\s*(\S+)")))
    once = []
    for one in found:
        if one[0] not in [o[0] for o in once]:
            once.append(one)
    return once[:16]


def proxy_for(scheme, host):
    apt = dict((k.lower(), v) for k, v in re.findall(r'^Acquire::(\S+) "(.*)";', said("apt-config", "dump"), re.M | re.I))
    names = ["https", "http"] if scheme == "https" else ["http"]
    for key in ["%s::proxy::%s" % (n, host) for n in names] + ["%s::proxy" % n for n in names]:
        if apt.get(key):
            return None if apt[key] == "DIRECT" else apt[key]
    if apt.get(scheme + "::proxy-auto-detect") or apt.get(scheme + "::proxyautodetect"):
        raise RuntimeError("the proxy is found by a program of its own (Acquire::http::Proxy-Auto-Detect): "
                           "try it on the node")
    for path in ("/etc/dnf/dnf.conf", "/etc/yum.conf"):
        proxy = first_of(text_of(path), r"^proxy\s*=\s*(\S+)")
        if proxy:
            return None if proxy == "_none_" else proxy
    return None


PLACE = r"(?:([^/@]*)@)?(\[[^\]]+\]|[^/:]+)(?::(\d+))?"


def url_job(url, proxy):
    start = now()
    parts = re.match(r"(https?)://" + PLACE + r"(/.*)?$", url)
    shown = re.sub(r"//[^/@]*@", "//", url, count=1)
    status, why, via = "-", None, None
    if not parts:
        why = "this is no http or https address"
    else:
        scheme, _, host, port, path = parts.groups()
        port = port or ("443" if scheme == "https" else "80")
        proxy = proxy or proxy_for(scheme, host)
        to, to_port, auth = host, port, ""
        place = re.match(r"(?:\w+://)?" + PLACE, proxy) if proxy else None
        if place:
            to, to_port = place.group(2), place.group(3) or "80"
            via = "%s:%s" % (to, to_port)
            if place.group(1):
                auth = re.sub(r"%(..)", lambda m: chr(int(m.group(1), 16)), place.group(1))
        status, why = fetch(scheme, host, port, path or "/", to.strip("[]"), to_port, via, auth)
    return [" ".join(("url", word(shown), word(via), status, str(int(now() - start)), word(why)))]


def fetch(scheme, host, port, path, to, to_port, via, auth):
    import base64
    unknown, _, places = resolve(to, int(to_port))
    why = "the name %s does not resolve: %s" % (to, unknown)
    for family, place in places:
        s = socket.socket(family, socket.SOCK_STREAM)
        try:
            s.connect(place)
        except EnvironmentError as e:
            why = "connecting to %s:%s: %s" % (to, to_port, reason(e))
            continue
        if scheme == "https" and not via:
            return "-", None
        if scheme == "https":
            ask = "CONNECT %s:%s HTTP/1.1\r\nHost: %s:%s\r\n" % (host, port, host, port)
        else:
            whole = "http://%s:%s%s" % (host, port, path) if via else path
            ask = "HEAD %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n" % (whole, host)
        if auth:
            ask += "Proxy-Authorization: Basic %s\r\n" % base64.b64encode(auth.encode("latin-1")).decode("ascii")
        s.sendall((ask + "User-Agent: cpmg\r\n\r\n").encode("latin-1", "replace"))
        answer = b""
        while len(answer) < 512 and b"\n" not in answer:
            more = s.recv(512)
            if not more:
                break
            answer += more
        hit = re.match(br"HTTP/\d\.\d (\d{3})", answer)
        return (hit.group(1).decode("ascii"), None) if hit else ("-", "%s:%s does not speak HTTP" % (to, to_port))
    return "-", why


