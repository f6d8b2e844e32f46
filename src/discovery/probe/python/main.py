# Orders from standard input, and the loop.


def go():
    if st.going:
        return
    st.going = True
    start_frames()
    for name in sorted(st.nics):
        n = st.nics[name]
        if n.arp is not None:
            start_addresses(name, n)
        if n.dhcp is not None:
            start_dhcp(name, n)
    for e in st.echos:
        start_echo(e)
    start_jobs()


def job(task, subject, ms, code, *with_these):
    st.jobs.append((task, subject, ms, lambda: code(*with_these)))


def order(line):
    w = line.split()
    if not w:
        return
    what, w = w[0], w[1:]
    dash = lambda text: None if text == "-" else text
    if what == "run":
        st.run, st.node = struct.pack("!Q", int(w[0], 16)), int(w[1])
    elif what == "limit":
        st.limit = int(w[0])
        signal.alarm(st.limit)
    elif what == "frames":
        nic(w[0]).tags = [int(v) for v in w[1].split(",")] if w[1] != "-" else []
    elif what == "addresses":
        n = nic(w[0])
        n.arp = n.arp or {}
        n.arp.update((socket.inet_aton(ip), set()) for ip in w[1].split(","))
    elif what == "dhcp":
        nic(w[0]).dhcp = {}
    elif what == "echo":
        st.echos.append(Echo(dash(w[0]), dash(w[1]), int(w[2]), w[3].split(",")))
    elif what == "ports":
        job("ports", None, 15000, ports_job, [int(p) for p in w[0].split(",")])
    elif what == "name":
        job("names", w[0], 10000, name_job, w[0])
    elif what == "url":
        job("repositories", w[0], 15000, url_job, w[0], None)
    elif what == "configured":
        found = configured()
        if not found:
            fault("repositories", None, "configured", "no package repository with http or https is set up on the node")
        for url, proxy in found:
            job("repositories", url, 15000, url_job, url, proxy)
    elif what == "clock":
        job("clock", None, 14000, clock_job)
    elif what == "begin":
        open_nics()
    elif what == "time":
        say_line("time", "%.3f" % (time.time() * 1000))
    elif what == "go":
        go()
    elif what == "stop":
        st.stopping = True


def look(wait):
    fds = {0: None}
    for n in st.nics.values():
        if n.socket is not None:
            fds[n.socket.fileno()] = lambda n=n: receive(n)
    for e in st.echos:
        if e.socket is not None:
            fds[e.socket.fileno()] = lambda e=e: answers(e)
    for pid, k in st.kids.items():
        fds[k.pipe] = lambda pid=pid, k=k: hear(pid, k)
    try:
        ready = select.select(list(fds), [], [], wait)[0]
    except (EnvironmentError, select.error):
        return False
    for fd in ready:
        if fd:
            fds[fd]()
    if 0 in ready:
        data = os.read(0, 65536)
        if not data:
            leave(1)
        st.inp += data
        lines = st.inp.split(b"\n")
        st.inp = lines.pop()
        for line in lines:
            order(line.decode("ascii", "replace"))
    return bool(ready)


def hear(pid, k):
    data = os.read(k.pipe, 65536)
    k.said += data
    if not data or len(k.said) > 1 << 20:
        end_job(pid)


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    for s in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(s, lambda *_: leave(1))
    signal.alarm(st.limit)
    st.control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    say_line("hello", "python", platform.python_version())
    while True:
        flush_out()
        if st.stopping and st.sent and not st.pending and not st.jobs:
            say_heard()
            st.lines = 0
            # Only when everything is put back is it done.
            end_guard()
            say_line("done")
            flush_out()
            leave(0)
        wait = max(0, (st.timers[0][0] - now()) / 1000.0) if st.timers else 1
        some = look(wait)
        # What has arrived is looked at before a time limit is, but not for ever.
        if some and st.timers and now() - st.timers[0][0] < 500:
            continue
        while st.timers and st.timers[0][0] <= now():
            st.timers.pop(0)[1]()


main()
