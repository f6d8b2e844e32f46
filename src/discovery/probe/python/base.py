# What runs on a node during a connectivity check, where there is no Perl: these files in the order of
# `discovery/probe/script.rs`. The files of perl/ are their twins with the same protocol (described in mod.rs). Python 2.7 and 3,
# the standard library alone. One loop, one socket per NIC, everything has a time limit; nothing is written to the node's disks.
import ctypes
import errno
import fcntl
import glob
import os
import platform
import random
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import time

KIDS, LINES, MACS = 8, 20000, 16


class State(object):
    run = b"\0" * 8
    node = 0
    limit = 120
    inp = b""
    out = []
    lines = 0
    going = stopping = sent = False
    pending = 0
    nics = {}
    echos = []
    jobs = []
    kids = {}
    timers = []
    turn = 0
    guard = None
    guard_pid = 0


st = State()


class Timespec(ctypes.Structure):
    _fields_ = [("s", ctypes.c_long), ("ns", ctypes.c_long)]


# Python 2 has no monotonic clock of its own.
_clock = getattr(ctypes.CDLL(None, use_errno=True), "clock_gettime", None)


def now():
    if hasattr(time, "monotonic"):
        return time.monotonic() * 1000
    spec = Timespec()
    if _clock is not None and _clock(1, ctypes.byref(spec)) == 0:
        return spec.s * 1000.0 + spec.ns / 1e6
    with open("/proc/uptime") as f:
        return float(f.read().split()[0]) * 1000


def at(in_ms, code):
    when = now() + in_ms
    low, high = 0, len(st.timers)
    while low < high:
        middle = (low + high) // 2
        if st.timers[middle][0] <= when:
            low = middle + 1
        else:
            high = middle
    st.timers.insert(low, (when, code))


def word(text):
    if text is None or len(text) == 0:
        return "-"
    if not isinstance(text, bytes):
        text = text.encode("utf-8", "replace")
    text = bytearray(text[:400])
    if text == b"-":
        return "%2D"
    return "".join(chr(c) if 33 <= c <= 126 and c != 37 else "%%%02X" % c for c in text)


def reason(e):
    return getattr(e, "strerror", None) or str(e)


def say_line(*words):
    if st.lines < LINES:
        st.out.append(" ".join(str(w) for w in words) + "\n")
    st.lines += 1


def fault_words(task, on, subject, why):
    return " ".join(("fault", task, word(on), word(subject), word(why)))


def fault(*words):
    say_line(fault_words(*words))


def flush_out():
    data = "".join(st.out).encode("ascii", "replace")
    st.out = []
    while data:
        try:
            data = data[os.write(1, data):]
        except EnvironmentError as e:
            if e.errno != errno.EINTR:
                leave(1)


def end_guard():
    if st.guard is not None:
        os.close(st.guard)
        st.guard = None
        os.waitpid(st.guard_pid, 0)


# Ends everything; the guard puts the NICs back.
def leave(status):
    for pid in list(st.kids):
        try:
            os.kill(pid, signal.SIGKILL)
        except EnvironmentError:
            pass
    try:
        end_guard()
    except EnvironmentError:
        pass
    os._exit(status)


