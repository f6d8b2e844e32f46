# NICs: what they are, up and down, one packet socket each.


def ifreq(call, name, request=None):
    try:
        return fcntl.ioctl(st.control.fileno(), call, request or struct.pack("16s24x", name.encode("ascii")))
    except EnvironmentError:
        return None


def flags(name):
    got = ifreq(0x8913, name)
    return None if got is None else struct.unpack_from("H", got, 16)[0]


def set_up(name, up):
    found = flags(name)
    if found is None:
        return False
    wanted = found | 1 if up else found & ~1
    return ifreq(0x8914, name, struct.pack("16sH22x", name.encode("ascii"), wanted)) is not None


def setting(path, value=None):
    try:
        with open(path) as f:
            old = f.readline().rstrip("\n")
        if value is not None:
            with open(path, "w") as f:
                f.write(value)
        return old
    except EnvironmentError:
        return None


# A process that lives as long as this one and then puts the NICs back, whatever ended this one, SIGKILL included.
def start_guard(names):
    read, st.guard = os.pipe()
    parent = os.getpid()
    st.guard_pid = os.fork()
    if st.guard_pid:
        os.close(read)
        return
    for s in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE, signal.SIGALRM):
        signal.signal(s, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.close(st.guard)
    for fd in (0, 1, 2):
        os.close(fd)
    accept = "/proc/sys/net/ipv6/conf/%s/accept_ra"
    found = dict((n, setting(accept % n, "0")) for n in names)
    ready = select.select([read], [], [], st.limit + 10)[0]
    if not ready:
        os.kill(parent, signal.SIGKILL)
    for n in names:
        set_up(n, False)
        if found[n] is not None:
            setting(accept % n, found[n])
    os._exit(0)


# Passes what is ours: frames of a check, ARP answers and DHCP answers without a tag; never what this NIC sends itself. A
# frame that came with a VLAN tag is cut to 96 bytes: the kernel has taken the tag off, and Python 2 cannot ask for it.
FILTER = (
    (0x30, 0, 0, 0xfffff004), (0x15, 20, 0, 4),                              # 0 sent by this NIC: drop
    (0x28, 0, 0, 12), (0x15, 9, 0, 0x88b5),                                  # 2 ours: go to 13
    (0x30, 0, 0, 0xfffff030), (0x15, 0, 16, 0),                              # 4 others with a tag: drop
    (0x28, 0, 0, 12), (0x15, 3, 0, 0x0806), (0x15, 0, 13, 0x0800),           # 6 ARP: go to 11
    (0x28, 0, 0, 36), (0x15, 9, 11, 68),                                     # 9 to port 68
    (0x28, 0, 0, 20), (0x15, 7, 9, 2),                                       # 11 an ARP answer
    (0x20, 0, 0, 14), (0x15, 0, 7, 0x63706d67),                              # 13 'cpmg'
    (0x30, 0, 0, 0xfffff030), (0x15, 3, 0, 0),                               # 15 no tag: pass
    (0x28, 0, 0, 0xfffff02c), (0x54, 0, 0, 0xfff), (0x15, 0, 1, 0),          # 17 VLAN 0 is none
    (0x06, 0, 0, 1500), (0x06, 0, 0, 96), (0x06, 0, 0, 0),                   # 20 pass, 21 cut, 22 drop
)


class Nic(object):
    def __init__(self):
        self.tags = self.arp = self.dhcp = self.socket = self.xid = None
        self.was_down = False
        self.heard = set()
        self.flags = self.mtu = 0
        self.mac = b""


def nic(name):
    return st.nics.setdefault(name, Nic())


def open_nic(name):
    n = st.nics[name]
    if ifreq(0x8933, name) is None:
        return "there is no such NIC: look at its name"
    kind, n.mac = struct.unpack_from("H6s", ifreq(0x8927, name), 16)
    if kind != 1:
        return "it is not an Ethernet NIC"
    n.flags = flags(name)
    n.mtu = struct.unpack_from("i", ifreq(0x8921, name), 16)[0]
    return None


def listen_nic(name):
    n = st.nics[name]
    try:
        s = socket.socket(17, socket.SOCK_RAW, 0)
    except EnvironmentError as e:
        return "a packet socket is refused (%s): this needs root" % reason(e)
    try:
        code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *i) for i in FILTER))
        s.setsockopt(socket.SOL_SOCKET, 26, struct.pack("@HP", len(FILTER), ctypes.addressof(code)))
        s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
        s.bind((name, 3))
        if n.tags is not None:
            index = struct.unpack_from("i", ifreq(0x8933, name), 16)[0]
            s.setsockopt(263, 1, struct.pack("iHH8x", index, 1, 0))
    except EnvironmentError as e:
        return "cannot listen: %s" % reason(e)
    n.socket = s
    return None


def mac_text(mac):
    return ":".join("%02x" % b for b in bytearray(mac))


def each_task_of(n, name, why):
    for task, asked in (("frames", n.tags), ("addresses", n.arp), ("dhcp", n.dhcp)):
        if asked is not None:
            fault(task, name, None, why)


def open_nics():
    down = []
    for name in sorted(st.nics):
        why = "this needs root: log in as root" if os.geteuid() else open_nic(name)
        if why is not None:
            each_task_of(st.nics.pop(name), name, why)
        elif not st.nics[name].flags & 1:
            down.append(name)
    if down:
        start_guard(down)
        for name in down:
            st.nics[name].was_down = True
            if not set_up(name, True):
                fault("frames", name, None, "it is down and cannot be brought up")
    end = now() + 8000

    def wait():
        if now() < end and [d for d in down if not (flags(d) or 0) & 0x40]:
            at(50, wait)
            return
        for name in sorted(st.nics):
            n = st.nics[name]
            why = listen_nic(name)
            carrier = "carrier" if (flags(name) or 0) & 0x40 else "no-carrier"
            say_line("nic", name, mac_text(n.mac), "down" if n.was_down else "up", carrier, n.mtu)
            if why is not None:
                each_task_of(st.nics.pop(name), name, why)
        say_line("ready")

    wait()


def send_on(n, frame, tries=25):
    try:
        n.socket.send(frame, 0x40)
    except EnvironmentError as e:
        if tries and e.errno in (errno.ENOBUFS, errno.EAGAIN):
            at(20, lambda: send_on(n, frame, tries - 1))


def receive(n):
    mark = b"cpmg" + st.run
    for _ in range(512):
        try:
            buf = n.socket.recv(2048, 0x40)
        except EnvironmentError:
            return
        kind = buf[12:14]
        if kind == b"\x88\xb5":
            if n.tags is not None and len(buf) >= 52 and buf[14:26] == mark and len(n.heard) < LINES:
                # Node, VLAN and NIC, and whether a tag came with it.
                n.heard.add(buf[27:52] + (b"t" if len(buf) < 100 else b"u"))
        elif kind == b"\x08\x06":
            of = (n.arp or {}).get(buf[28:32])
            if of is not None and buf[22:28] != n.mac and len(of) < MACS:
                of.add(mac_text(buf[22:28]))
        elif kind == b"\x08\x00" and n.dhcp is not None:
            offer(n, buf)


