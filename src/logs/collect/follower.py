# Answers questions about log files; all judgement is on the other side. Runs under Python 2.7 and 3.
# In: a JSON object a line. Out: a JSON object a line, with "n" bytes after it where "n" is there.
import errno, glob, gzip, hashlib, json, os, subprocess, sys, tempfile, time, calendar

out = getattr(sys.stdout, 'buffer', sys.stdout)
LEVELS = (64, 256, 1024)
heads = {}
packed = {}
quiet = {}
# Lengths of short beginnings that the other side knows.
also = []


def say(answer, body=None):
    if body is not None:
        answer['n'] = len(body)
    out.write(json.dumps(answer).encode('ascii') + b'\n')
    if body:
        out.write(body)
    out.flush()


def zone(now):
    return int(calendar.timegm(time.localtime(now)) - int(now))


def prints(head):
    lengths = set(l for l in tuple(LEVELS) + tuple(also) if l <= len(head))
    if len(head) < LEVELS[0]:
        lengths.add(len(head))
    return [[l, int(hashlib.sha256(head[:l]).hexdigest()[:13], 16)] for l in sorted(lengths) if l > 0]


def head_of(path, st, gz):
    key = (path, st.st_ino, st.st_mtime, st.st_size, tuple(also))
    if heads.get(path, (None,))[0] == key:
        return heads[path][1]
    try:
        with (gzip.open(path, 'rb') if gz else open(path, 'rb')) as f:
            found = prints(f.read(LEVELS[-1]))
    except Exception:
        found = []
    heads[path] = (key, found)
    return found


def listing(globs):
    files, refused = [], []
    # A file that two patterns fit is one file.
    seen = set()
    for base, pattern in enumerate(globs):
        folder = os.path.dirname(pattern)
        if os.path.isdir(folder) and not os.access(folder, os.R_OK | os.X_OK):
            refused.append('%s: Permission denied' % folder)
        for path in sorted(glob.glob(pattern) + glob.glob(pattern + '[.-]*')):
            if path in seen:
                continue
            if len(files) >= 5000:
                refused.append('more than 5000 files: the others are not looked at, from %s on' % path)
                return files, refused
            seen.add(path)
            try:
                path.encode('utf-8')
                st = os.stat(path)
                if not os.path.isfile(path):
                    continue
                gz = path.endswith('.gz')
                if path.endswith(('.xz', '.bz2', '.zst')):
                    continue
                files.append([path, base, st.st_ino, st.st_size, int(st.st_mtime), head_of(path, st, gz), gz])
            except (OSError, IOError) as e:
                if e.errno == errno.EACCES:
                    refused.append('%s: %s' % (path, e.strerror))
            except UnicodeError:
                pass
    return files, refused


def read_packed(path, offset, count):
    st = os.stat(path)
    key = (path, st.st_ino, st.st_mtime, st.st_size)
    f = packed.pop(key, None)
    if f is None or f.tell() > offset:
        f = gzip.open(path, 'rb')
    whole = True
    body = b''
    try:
        while f.tell() < offset:
            if not f.read(min(1 << 20, offset - f.tell())):
                break
        if f.tell() == offset:
            body = f.read(count)
    except Exception:
        whole = False
    packed.clear()
    if whole and len(body) == count:
        packed[key] = f
    else:
        f.close()
    return st, body, whole and len(body) < count, whole


def read_plain(path, offset, count):
    with open(path, 'rb') as f:
        st = os.fstat(f.fileno())
        f.seek(offset)
        body = f.read(count)
        f.seek(0)
        head = prints(f.read(LEVELS[-1]))
    return st, body, len(body) < count, head


def read(ask):
    path, offset, count = ask['path'], ask['off'], ask['len']
    try:
        if ask['gz']:
            st, body, eof, whole = read_packed(path, offset, count)
            answer = {'ino': st.st_ino, 'size': -1, 'eof': eof, 'whole': whole, 'h': head_of(path, st, True)}
        else:
            st, body, eof, head = read_plain(path, offset, count)
            answer = {'ino': st.st_ino, 'size': st.st_size, 'eof': eof, 'whole': True, 'h': head}
    except (OSError, IOError) as e:
        say({'gone': e.strerror or str(e), 'no': e.errno != errno.ENOENT})
        return
    say(answer, body)


def journal_stamp():
    found = []
    for folder in ('/var/log/journal', '/run/log/journal'):
        for path in glob.glob(folder + '/*/*.journal'):
            try:
                st = os.stat(path)
                found.append((path, st.st_size, st.st_mtime))
            except OSError:
                pass
    return sorted(found)


KEEP = ('__REALTIME_TIMESTAMP', 'PRIORITY', '_PID', 'SYSLOG_IDENTIFIER', '_SYSTEMD_UNIT', 'UNIT', 'MESSAGE', 'REQUEST_ID',
        'GLOBAL_REQUEST_ID', 'PROJECT_ID', 'PROJECT_NAME', 'USER_ID', 'USER_NAME', 'LOGGER_NAME', 'LOGGER_LEVEL',
        'INSTANCE_UUID', 'PROCESS_NAME', 'CODE_FUNC', 'EXCEPTION_TEXT')


def journal(ask):
    stamp = journal_stamp()
    if ask['after'] and quiet.get('after') == ask['after'] and quiet.get('stamp') == stamp \
            and time.time() - quiet['at'] < 30:
        say({'more': False}, b'')
        return
    args = ['journalctl', '-q', '--no-pager', '-o', 'json', '--all']
    for unit in ask['units']:
        args += ['-u', unit]
    if ask['after']:
        args.append('--after-cursor=' + ask['after'])
    else:
        args.append('--since=@%d' % ask['since'])
    # Into a file, not a pipe: nobody reads what it complains about while its entries are read, and a full pipe would stop it.
    try:
        said = tempfile.TemporaryFile()
    except (OSError, IOError):
        said = open(os.devnull, 'w+b')
    try:
        run = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=said)
    except OSError as e:
        say({'gone': 'journalctl: %s' % e})
        return
    lines, size, more = [], 0, False
    while True:
        line = run.stdout.readline()
        if not line:
            break
        try:
            entry = json.loads(line.decode('utf-8', 'replace'))
        except ValueError:
            continue
        unit = entry.get('_SYSTEMD_UNIT') or ''
        if entry.get('UNIT') and unit in ('', 'init.scope'):
            unit = entry['UNIT']
        if not isinstance(unit, str):
            unit = str(unit)
        if unit.endswith('.service'):
            unit = unit[:-8]
        kept = json.dumps(dict((k, entry[k]) for k in KEEP if k in entry))
        text = '\t'.join((unit.replace('\t', ' '), entry.get('__CURSOR', ''), kept)) + '\n'
        lines.append(text.encode('utf-8', 'replace'))
        size += len(lines[-1])
        if size >= ask['max']:
            more = True
            break
    if more:
        run.kill()
        run.stdout.close()
        run.wait()
    elif run.wait() != 0 and not lines:
        said.seek(0, 2)
        said.seek(max(0, said.tell() - 300))
        say({'gone': 'journalctl: ' + said.read(300).decode('utf-8', 'replace').strip()})
        return
    quiet.clear()
    if not lines and ask['after']:
        quiet.update(after=ask['after'], stamp=stamp, at=time.time())
    say({'more': more}, b''.join(lines))


def main():
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        ask = json.loads(line)
        also[:] = ask.get('lens', also)
        if ask['c'] == 'list':
            files, refused = listing(ask['globs'])
            now = time.time()
            say({'t': int(now * 1000000), 'z': zone(now), 'files': files, 'refused': refused[:5]})
        elif ask['c'] == 'read':
            read(ask)
        elif ask['c'] == 'journal':
            journal(ask)
        else:
            say({'gone': 'not understood'})


main()
