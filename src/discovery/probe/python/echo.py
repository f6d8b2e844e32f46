# ICMP echo, and the largest packet that passes.

COMMON = sorted(s + i for i in (0, 1) for s in (
    576, 1000, 1200, 1280, 1350, 1400, 1420, 1450, 1472, 1476, 1480, 1492, 1500, 2000, 4000, 8000, 8900, 8950))
WAITS = {"small": (1000, 1500, 2000), "full": (600, 900, 1200), "ladder": (400, 1000), "confirm": (400, 800, 1200)}
UNREACHABLE = {0: "network unreachable", 1: "host unreachable", 4: "too large", 9: "network prohibited",
               10: "host prohibited", 13: "prohibited by a filter"}


class Target(object):
    def __init__(self, ip):
        self.ip = ip
        self.phase, self.sizes, self.got, self.tried = "", [], set(), 0
        self.rtt = self.mtu = self.over = self.fault = None
        self.lo = self.hi = self.confirmed = 0
        self.done = False


class Echo(object):
    def __init__(self, nic_name, source, mtu, targets):
        self.nic, self.source, self.mtu, self.targets = nic_name, source, mtu, targets
        self.socket, self.asked = None, {}
        self.id, self.seq = random.getrandbits(16), random.getrandbits(16)


def start_echo(e):
    def refuse(why):
        for t in e.targets:
            fault("echo", e.nic, "%s,%s" % (t, e.source or "-"), why)

    if os.geteuid():
        return refuse("this needs root: log in as root")
    try:
        s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
    except EnvironmentError as why:
        return refuse("a raw socket is refused (%s): this needs root" % reason(why))
    s.setsockopt(0, 10, 3)                                     # don't fragment, whatever was learned about the path
    s.setsockopt(255, 1, struct.pack("I", ~(1 << 0 | 1 << 3) & 0xffffffff))
    s.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)
    s.setsockopt(socket.SOL_SOCKET, 32, 4 << 20)
    try:
        if e.nic is not None:
            s.setsockopt(socket.SOL_SOCKET, 25, e.nic.encode("ascii") + b"\0")
    except EnvironmentError as why:
        return refuse("NIC %s: %s" % (e.nic, reason(why)))
    try:
        if e.source is not None:
            s.bind((e.source, 0))
    except EnvironmentError as why:
        return refuse("source address %s: %s" % (e.source, reason(why)))
    e.socket = s
    # Nodes begin at different places, so that they do not all ask the same one first.
    turn = st.node % len(e.targets)
    queue = [Target(ip) for ip in e.targets[turn:] + e.targets[:turn]]
    st.pending += len(queue)

    def following():
        for t in queue[:16]:
            phase(e, t, "small", [0])
        del queue[:16]
        if queue:
            at(5, following)

    at(random.random() * 150, following)


def phase(e, t, name, sizes):
    t.phase, t.sizes, t.got, t.tried = name, sizes, set(), 0
    attempt(e, t)


def missing(t):
    return [s for s in t.sizes if s not in t.got and not (t.over is not None and s >= t.over)]


def attempt(e, t):
    waits = WAITS[t.phase]
    if t.tried >= len(waits):
        return decide(e, t)
    t.tried += 1
    mine, name = t.tried, t.phase
    for size in missing(t):
        ping(e, t, size)
    if not missing(t):
        return decide(e, t)

    def again():
        if t.tried == mine and t.phase == name and not t.done:
            attempt(e, t)

    at(waits[mine - 1], again)


def ping(e, t, size, again=0):
    e.seq = (e.seq + 1) & 0xffff
    body = (b"cpmg" + st.run).ljust((size or 84) - 28, b"\0")
    packet = struct.pack("!BBHHH", 8, 0, 0, e.id, e.seq) + body
    packet = packet[:2] + sum16(packet) + packet[4:]
    e.asked[e.seq] = (t, size, now(), t.phase)
    try:
        e.socket.sendto(packet, 0x40, (t.ip, 0))
    except EnvironmentError as why:
        if why.errno == errno.EMSGSIZE:
            t.over = size if t.over is None else min(size, t.over)
        elif why.errno in (errno.EAGAIN, errno.ENOBUFS) and again < 20:
            at(30, lambda: ping(e, t, size, again + 1))
        else:
            t.fault = reason(why)


def decide(e, t):
    name, asked = t.phase, e.mtu
    if name == "small":
        if 0 not in t.got or not asked:
            return finish(e, t)
        return phase(e, t, "full", [asked])
    passed = sorted(t.got)
    if name == "full" or name == "confirm" and passed:
        t.lo, t.hi = (passed[-1] if passed else 0), asked
        if t.lo == asked:
            t.mtu = asked
            return finish(e, t)
    elif name == "ladder":
        t.lo = max([t.lo] + passed)
        t.hi = min([t.hi] + [s for s in t.sizes if s > t.lo])
    else:
        t.mtu = t.lo or None
        return finish(e, t)
    if t.over is not None:
        t.hi = min(t.hi, t.over)
    lo, hi = t.lo, t.hi
    if hi - lo <= 1 or hi <= 576:
        t.confirmed += 1
        if t.over is not None and hi >= t.over or t.confirmed > 3:
            t.mtu = lo or None
            return finish(e, t)
        # One lost packet must not look like a small link.
        return phase(e, t, "confirm", [hi])
    points = [s for s in COMMON if lo < s < hi] if name == "full" else []
    if not points:
        low = lo or 575
        step = max((hi - low) / 17.0, 1.0)
        points = [p for p in sorted(set(int(low + step * i) for i in range(1, 17))) if lo < p < hi]
    phase(e, t, "ladder", points)


def finish(e, t):
    t.done = True
    dash = lambda v: "-" if v is None else v
    say_line("echo", word(e.nic), dash(e.source), t.ip, dash(t.rtt), e.mtu or "-", dash(t.mtu),
             word(t.fault if t.rtt is None else None))
    st.pending -= 1


def answers(e):
    for _ in range(256):
        try:
            buf = e.socket.recv(65536, 0x40)
        except EnvironmentError:
            return
        answer(e, buf)


def answer(e, buf):
    head = (bytearray(buf[:1])[0] & 15) * 4
    if len(buf) < head + 8:
        return
    kind, code = struct.unpack_from("BB", buf, head)
    place = head
    if kind == 3:
        if len(buf) < head + 36:
            return
        place = head + 8 + (bytearray(buf[head + 8:head + 9])[0] & 15) * 4
        if len(buf) < place + 8:
            return
    number, seq = struct.unpack_from("!HH", buf, place + 4)
    asked = e.asked.get(seq) if number == e.id else None
    if asked is None:
        return
    t, size, when, name = asked
    source = socket.inet_ntoa(buf[12:16])
    if kind == 3:
        t.fault = "%s, says %s" % (UNREACHABLE.get(code, "unreachable (%d)" % code), source)
        return
    if kind != 0 or source != t.ip or buf[head + 8:head + 20] != b"cpmg" + st.run:
        return
    del e.asked[seq]
    if t.done:
        return
    us = int((now() - when) * 1000)
    if not size and (t.rtt is None or us < t.rtt):
        t.rtt = us
    if name == t.phase:
        t.got.add(size)
        if not [s for s in t.sizes if s not in t.got]:
            decide(e, t)


