# What may block, each in a child process: names, ports, repositories, clock.

# Starts waiting jobs: [task, subject, ms, code that returns lines].
sub start_jobs {
    while (@jobs && keys %kid < $KIDS) {
        my ($task, $subject, $ms, $code) = @{ shift @jobs };
        $pending++;
        pipe my $read, my $write or die "pipe: $!";
        my $pid = fork;
        if (!defined $pid) { fault($task, undef, $subject, "fork: $!"); $pending--; next }
        if (!$pid) {
            $SIG{$_} = 'DEFAULT' for qw(HUP TERM INT PIPE ALRM);
            alarm int($ms / 1000) + 2;
            close $read;
            close $guard if $guard;
            for (values %nic, @echo) { close $_->{socket} if $_->{socket} }
            open STDIN, '<', '/dev/null'; open STDOUT, '>', '/dev/null'; open STDERR, '>', '/dev/null';
            my @said = eval { $code->() };
            @said = fault_words($task, undef, $subject, $@) if $@;
            syswrite $write, join '', map { "$_\n" } @said;
            kill 'KILL', $$;
        }
        close $write;
        my $k = $kid{$pid} = { pipe => $read, said => '', task => $task, subject => $subject };
        at($ms, sub {
            return if $k->{ended};
            $k->{said} = fault_words($task, undef, $subject, "no answer within $ms ms");
            kill 'KILL', $pid;
            end_job($pid);
        });
    }
}

sub end_job {
    my ($pid) = @_;
    my $k = delete $kid{$pid};
    $k->{ended} = 1;
    close $k->{pipe};
    waitpid $pid, 0;
    $k->{said} = fault_words($k->{task}, undef, $k->{subject}, 'it ended without a word') unless length $k->{said};
    say_line($_) for split /\n/, $k->{said};
    $pending--;
    start_jobs();
}

sub resolve {
    my ($name, $port) = @_;
    require Socket;
    my ($why, @found) = Socket::getaddrinfo($name, $port, { socktype => 1 });
    my (%seen, @texts, @places);
    for (@found) {
        my ($e, $text) = Socket::getnameinfo($_->{addr}, 3, 2);
        next if $e || !defined $text || $seen{$text}++;
        $text =~ s/%.*//;
        push @texts, $text;
        push @places, $_;
    }
    return (@texts ? undef : "$why" || 'it has no address', \@texts, \@places);
}

sub name_job {
    my ($name) = @_;
    my $start = now();
    my ($why, $texts) = resolve($name, undef);
    my @some = @$texts > 16 ? @$texts[0 .. 15] : @$texts;
    return join ' ', 'name', word($name), int(now() - $start), @some ? join(',', @some) : '-', word($why);
}

sub first_line_of {
    my ($command, $pattern) = @_;
    open my $p, '-|', "exec timeout 4 $command 2>/dev/null" or return;
    while (<$p>) { return $1 if /$pattern/ }
    return;
}

sub clock_job {
    my $state;
    $state = first_line_of('chronyc -n tracking', qr/^Leap status\s*:\s*(.*\S)/);
    return 'clock chronyc ' . ($state =~ /^Not sync/ ? 'no' : 'yes') if defined $state;
    $state = first_line_of('timedatectl show -p NTPSynchronized', qr/^NTPSynchronized=(\w+)/);
    $state = first_line_of('timedatectl status', qr/(?:NTP|clock) synchronized: (\w+)/i) unless defined $state;
    return "clock timedatectl $state" if defined $state && $state =~ /^(?:yes|no)$/;
    $state = first_line_of('ntpq -c rv', qr/(leap_\w+)/);
    return 'clock ntpq ' . ($state eq 'leap_alarm' ? 'no' : 'yes') if defined $state;
    return 'clock - -';
}

sub ports_job {
    my %wanted = map { ($_ => []) } @_;
    my %inode;
    for my $file ('/proc/net/tcp', '/proc/net/tcp6') {
        open my $f, '<', $file or next;
        while (<$f>) {
            my ($local, $state, $inode) = (split)[1, 3, 9];
            next unless defined $inode && $state eq '0A' && $local =~ /^([0-9A-F]+):([0-9A-F]{4})$/;
            my $list = $wanted{ hex $2 } or next;
            # The kernel prints words in the machine's order.
            my $bytes = pack 'L*', map { hex } $1 =~ /(.{8})/g;
            my $text = length $bytes == 4 ? ip_text($bytes)
              : substr($bytes, 0, 12) eq "\0" x 10 . "\xff\xff" ? ip_text(substr $bytes, 12)
              : join ':', map { sprintf '%x', $_ } unpack 'n8', $bytes;
            next if @$list >= $MACS;
            push @$list, my $one = { address => $text };
            $inode{$inode} = $one;
        }
    }
    my $left = keys %inode;
    for my $fd ($left ? glob '/proc/[0-9]*/fd/*' : ()) {
        my ($inode) = (readlink($fd) || '') =~ /^socket:\[(\d+)\]$/ or next;
        my $one = $inode{$inode};
        next if !$one || $one->{pid};
        my $pid = $one->{pid} = (split m{/}, $fd)[2];
        $one->{name} = setting("/proc/$pid/comm");
        if (open my $f, '<', "/proc/$pid/cgroup") {
            while (<$f>) { $one->{unit} = $1 if m{/([^/\s]+\.service)\b} }
        }
        last unless --$left;
    }
    return map {
        my $port = $_;
        join ' ', 'port', $port,
          map { join ',', $_->{address}, $_->{pid} || '-', plain($_->{name}), plain($_->{unit}) } @{ $wanted{$port} }
    } sort { $a <=> $b } keys %wanted;
}
sub plain { my $t = word($_[0]); $t =~ s/,/%2C/g; return $t }

# Repositories of apt, dnf and yum, as [URL, proxy of its own].
sub configured {
    my @found;
    for my $file ('/etc/apt/sources.list', glob '/etc/apt/sources.list.d/*.list') {
        open my $f, '<', $file or next;
        while (<$f>) {
            next unless m{^\s*deb\s+(?:\[[^\]]*\]\s+)?(https?://\S+)\s+(\S+)};
            push @found, suite($1, $2);
        }
    }
    for my $file (glob '/etc/apt/sources.list.d/*.sources') {
        open my $f, '<', $file or next;
        local $/ = '';
        while (<$f>) {
            next if /^Enabled:\s*no/mi;
            my ($uris) = /^URIs:\s*(.*(?:\n[ \t].*)*)/mi;
            my ($suites) = /^Suites:\s*(.*(?:\n[ \t].*)*)/mi;
            for my $uri (grep { m{^https?://} } split ' ', $uris || '') { push @found, suite($uri, $_) for split ' ', $suites || '' }
        }
    }
    my %release = (basearch => (split /-/, $machine)[0], arch => (split /-/, $machine)[0]);
    if (open my $f, '<', '/etc/os-release') { while (<$f>) { $release{releasever} = $1 if /^VERSION_ID="?(\d+)/ } }
    for (glob '/etc/dnf/vars/* /etc/yum/vars/*') { m{([^/]+)$} and $release{$1} = setting($_) }
    for my $file (glob '/etc/yum.repos.d/*.repo') {
        open my $f, '<', $file or next;
        local $/;
        for (split /^(?=\[)/m, <$f>) {
            next if /^enabled\s*=\s*(?:0|no|false)/mi;
            my ($kind, $url) = /^(baseurl|metalink|mirrorlist)\s*=\s*(https?:\S+)/m or next;
            $url =~ s/\$\{?(\w+)\}?/defined $release{$1} ? $release{$1} : "\$$1"/ge;
            $url =~ s{/*$}{/repodata/repomd.xml} if $kind eq 'baseurl';
            push @found, [$url, /^proxy\s*=\s*(\S+)/m ? $1 : undef];
        }
    }
    my %seen;
    @found = grep { !$seen{ $_->[0] }++ } @found;
    return @found > 16 ? @found[0 .. 15] : @found;
}
sub suite {
    my ($url, $suite) = @_;
    $url =~ s{/*$}{/};
    return [$suite =~ m{/$} ? "$url$suite" . 'InRelease' : "${url}dists/$suite/InRelease", undef];
}

sub proxy_for {
    my ($scheme, $host) = @_;
    my %apt;
    if (open my $p, '-|', 'exec timeout 4 apt-config dump 2>/dev/null') {
        while (<$p>) { $apt{ lc $1 } = $2 if /^Acquire::(\S+) "(.*)";/i }
    }
    my @names = $scheme eq 'https' ? ('https', 'http') : ('http');
    for ((map { "$_\::proxy::$host" } @names), map { "$_\::proxy" } @names) {
        next unless length($apt{$_} || '');
        return $apt{$_} eq 'DIRECT' ? undef : $apt{$_};
    }
    die "the proxy is found by a program of its own (Acquire::http::Proxy-Auto-Detect): try it on the node\n"
      if $apt{"$scheme\::proxy-auto-detect"} || $apt{"$scheme\::proxyautodetect"};
    for my $file ('/etc/dnf/dnf.conf', '/etc/yum.conf') {
        open my $f, '<', $file or next;
        while (<$f>) { return $1 =~ /^_none_$/ ? undef : $1 if /^proxy\s*=\s*(\S+)/ }
    }
    return;
}

sub url_job {
    my ($url, $proxy) = @_;
    my $start = now();
    my ($scheme, $host, $port, $path) = $url =~ m{^(https?)://(?:[^/@]*@)?(\[[^\]]+\]|[^/:]+)(?::(\d+))?(/.*)?$};
    (my $shown = $url) =~ s{//[^/@]*@}{//};
    my ($status, $why, $via, $auth) = ('-', undef, undef, '');
    if (!defined $host) { $why = 'this is no http or https address' }
    else {
        $port ||= $scheme eq 'https' ? 443 : 80;
        $path = '/' unless defined $path;
        $proxy = proxy_for($scheme, $host) unless defined $proxy;
        my ($to, $to_port) = ($host, $port);
        if (defined $proxy && $proxy =~ m{^(?:\w+://)?(?:([^/@]*)@)?(\[[^\]]+\]|[^/:]+)(?::(\d+))?}) {
            my $user = $1;
            ($to, $to_port) = ($2, $3 || 80);
            if (defined $user) { $user =~ s/%(..)/chr hex $1/ge; $auth = base64($user) }
            $via = "$to:$to_port";
        }
        $to =~ s/^\[|\]$//g;
        my ($unknown, undef, $places) = resolve($to, $to_port);
        $why = "the name $to does not resolve: $unknown" if defined $unknown;
        for (@$places) {
            socket my $s, $_->{family}, 1, 6 or next;
            if (!connect $s, $_->{addr}) { $why = "connecting to $to:$to_port: $!"; next }
            undef $why;
            last if $scheme eq 'https' && !defined $via;
            my $ask = $scheme eq 'https' ? "CONNECT $host:$port HTTP/1.1\r\nHost: $host:$port\r\n"
              : 'HEAD ' . (defined $via ? "http://$host:$port$path" : $path) . " HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n";
            $ask .= "Proxy-Authorization: Basic $auth\r\n" if length $auth;
            syswrite $s, "$ask" . "User-Agent: cpmg\r\n\r\n";
            my ($answer, $n) = ('');
            while (length $answer < 512 && $answer !~ /\n/ && ($n = sysread $s, $answer, 512, length $answer)) { }
            if ($answer =~ m{^HTTP/\d\.\d (\d{3})}) { $status = $1 } else { $why = "$to:$to_port does not speak HTTP" }
            last;
        }
    }
    return join ' ', 'url', word($shown), word($via), $status, int(now() - $start), word($why);
}
sub base64 {
    my ($text) = @_;
    my $coded = pack 'u', substr $text, 0, 45;
    $coded = substr $coded, 1;
    chomp $coded;
    $coded =~ tr#` -_#AA-Za-z0-9+/#;
    my $pad = (3 - length($text) % 3) % 3;
    substr($coded, -$pad) = '=' x $pad if $pad;
    return $coded;
}

