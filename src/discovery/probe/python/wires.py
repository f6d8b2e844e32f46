# Frames, ARP and DHCP on the wires.

EVERYBODY = b"\xff" * 6


def start_frames():
    frames = []
    for name in sorted(st.nics):
        n = st.nics[name]
        for vlan in n.tags or []:
            tag = struct.pack("!HH", 0x8100, vlan) if vlan else b""
            marker = struct.pack("!4s8sxQH15s", b"cpmg", st.run, st.node, vlan, name.encode("ascii"))
            frame = EVERYBODY + n.mac + tag + b"\x88\xb5" + marker
            frames.append((n, frame.ljust(100 + len(tag), b"\0")))
    s = {"rest": [], "round": 0}

    def step():
        if not s["rest"]:
            s["round"] += 1
            if s["round"] > 3 or not frames:
                st.sent = True
                say_line("sent")
                return
            s["rest"] = list(frames)
            if s["round"] > 1:
                at(200 + random.random() * 150, step)
                return
        for one in s["rest"][:16]:
            send_on(*one)
        del s["rest"][:16]
        at(4 if s["rest"] else 0, step)

    at(random.random() * 100, step)


def say_heard():
    for name in sorted(st.nics):
        by = {}
        for key in sorted(st.nics[name].heard):
            node, vlan, source, tagged = struct.unpack("!QH15sc", key)
            marks = by.setdefault((node, word(source.split(b"\0")[0])), [])
            marks.append("%d%s" % (vlan, tagged.decode("ascii")))
        for (node, source), marks in sorted(by.items()):
            say_line("heard", name, node, source, ",".join(marks))
    if st.lines > LINES:
        st.lines = 0
        for name in sorted(st.nics):
            if st.nics[name].tags is not None:
                fault("frames", name, None, "more was heard than can be told")


def start_addresses(name, n):
    st.pending += 1
    s = {"rest": [], "round": 0}

    def end():
        for ip in sorted(n.arp):
            say_line("address", name, socket.inet_ntoa(ip), *sorted(n.arp[ip]))
        st.pending -= 1

    def step():
        if not s["rest"]:
            s["round"] += 1
            if s["round"] > 3:
                at(1000, end)
                return
            s["rest"] = sorted(n.arp)
            if s["round"] > 1:
                at(300 + random.random() * 200, step)
                return
        for ip in s["rest"][:16]:
            probe = struct.pack("!HHBBH6s4x6x4s", 1, 0x0800, 6, 4, 1, n.mac, ip)
            send_on(n, EVERYBODY + n.mac + b"\x08\x06" + probe + b"\0" * 18)
        del s["rest"][:16]
        at(10 if s["rest"] else 0, step)

    at(random.random() * 100, step)


def sum16(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack("!H", ~total & 0xffff)


def start_dhcp(name, n):
    st.pending += 1
    n.xid = struct.pack("!I", random.getrandbits(32))
    ask = struct.pack("!4B4sHH16x6s202xI", 1, 1, 6, 0, n.xid, 0, 0x8000, n.mac, 0x63825363)
    ask = (ask + struct.pack("9B", 53, 1, 1, 55, 3, 1, 3, 6, 255)).ljust(300, b"\0")
    udp = struct.pack("!4H", 68, 67, 8 + len(ask), 0) + ask
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\0" * 4, b"\xff" * 4)
    head = head[:10] + sum16(head) + head[12:]
    frame = EVERYBODY + n.mac + b"\x08\x00" + head + udp
    for ms in (0, 1500, 3000):
        at(ms, lambda: send_on(n, frame))

    def end():
        say_line("dhcp", name, *[",".join(o) for o in sorted(n.dhcp.values())])
        st.pending -= 1

    at(5000, end)


def offer(n, buf):
    if n.xid is None or len(buf) < 282 or buf[46:50] != n.xid:
        return
    if buf[42:43] != b"\x02" or buf[278:282] != b"\x63\x82\x53\x63":
        return
    server, kind, i, data = buf[26:30], 0, 282, bytearray(buf)
    while i < len(data) and data[i] != 255:
        if data[i] == 0:
            i += 1
            continue
        if i + 2 > len(data) or i + 2 + data[i + 1] > len(data):
            break
        value = buf[i + 2:i + 2 + data[i + 1]]
        if data[i] == 53 and value:
            kind = bytearray(value)[0]
        if data[i] == 54 and len(value) == 4:
            server = value
        i += 2 + data[i + 1]
    one = (socket.inet_ntoa(server), mac_text(buf[6:12]), socket.inet_ntoa(buf[58:62]))
    if kind == 2 and len(n.dhcp) < MACS:
        n.dhcp.setdefault(one[:2], one)


