# ICMP echo, and the largest packet that passes.

my @COMMON = map { ($_, $_ + 1) } 576, 1000, 1200, 1280, 1350, 1400, 1420, 1450, 1472, 1476, 1480, 1492, 1500, 2000, 4000, 8000,
  8900, 8950;
my %WAITS = (small => [1000, 1500, 2000], full => [600, 900, 1200], ladder => [400, 1000], confirm => [400, 800, 1200]);

sub start_echo {
    my ($e) = @_;
    my @targets = @{ $e->{targets} };
    my $refuse = sub { fault('echo', $e->{nic}, $_ . ',' . (defined $e->{source} ? $e->{source} : '-'), $_[0]) for @targets; 1 };
    if ($>) { $refuse->('this needs root: log in as root'); return }
    socket my $s, 2, 3, 1 or do { $refuse->("a raw socket is refused ($!): this needs root"); return };
    setsockopt $s, 0, 10, pack 'i', 3;                         # don't fragment, whatever was learned about the path
    setsockopt $s, 255, 1, pack 'L', ~(1 << 0 | 1 << 3) & 0xffffffff;
    setsockopt $s, 1, 33, pack 'i', 4 << 20;
    setsockopt $s, 1, 32, pack 'i', 4 << 20;
    if (defined $e->{nic} && !setsockopt $s, 1, 25, "$e->{nic}\0") { $refuse->("NIC $e->{nic}: $!"); return }
    if (defined $e->{source} && !bind $s, pack 'S n a4 x8', 2, 0, ip_bytes($e->{source})) {
        $refuse->("source address $e->{source}: $!");
        return;
    }
    @$e{qw(socket id seq asked)} = ($s, pack('n', int rand 65536), int rand 65536, {});
    # Nodes begin at different places, so that they do not all ask the same one first.
    my $turn = @targets ? $node % @targets : 0;
    $e->{queue} = [map { { ip => ip_bytes($_) } } @targets[$turn .. $#targets, 0 .. $turn - 1]];
    $pending += @targets;
    my $next;
    $next = sub {
        phase($e, $_, 'small', 0) for splice @{ $e->{queue} }, 0, 16;
        at(5, $next) if @{ $e->{queue} };
    };
    at(rand 150, $next);
}

sub phase {
    my ($e, $t, $phase, @sizes) = @_;
    @$t{qw(phase sizes got try)} = ($phase, \@sizes, {}, 0);
    attempt($e, $t);
}

sub attempt {
    my ($e, $t) = @_;
    my $waits = $WAITS{ $t->{phase} };
    if ($t->{try} >= @$waits) { decide($e, $t); return }
    my $mine = ++$t->{try};
    my $phase = $t->{phase};
    for my $size (@{ $t->{sizes} }) {
        next if $t->{got}{$size} || defined $t->{over} && $size >= $t->{over};
        ping($e, $t, $size);
    }
    if (!grep { !$t->{got}{$_} && !(defined $t->{over} && $_ >= $t->{over}) } @{ $t->{sizes} }) { decide($e, $t); return }
    at($waits->[$mine - 1], sub { attempt($e, $t) if $t->{try} == $mine && $t->{phase} eq $phase && !$t->{done} });
}

sub ping {
    my ($e, $t, $size, $again) = @_;
    my $seq = $e->{seq} = ($e->{seq} + 1) & 0xffff;
    my $body = "cpmg$run" . "\0" x (($size || 84) - 28 - 12);
    my $packet = pack 'C C n a2 n a*', 8, 0, 0, $e->{id}, $seq, $body;
    substr($packet, 2, 2) = pack 'n', sum16($packet);
    $e->{asked}{$seq} = [$t, $size, now(), $t->{phase}];
    return if defined send $e->{socket}, $packet, 0x40, pack 'S n a4 x8', 2, 0, $t->{ip};
    if ($!{EMSGSIZE}) { $t->{over} = $size if !defined $t->{over} || $size < $t->{over} }
    elsif (($!{EAGAIN} || $!{ENOBUFS}) && ($again || 0) < 20) { at(30, sub { ping($e, $t, $size, ($again || 0) + 1) }) }
    else { $t->{fault} = "$!" }
}

sub decide {
    my ($e, $t) = @_;
    my ($phase, $asked) = ($t->{phase}, $e->{mtu});
    if ($phase eq 'small') {
        return finish($e, $t) if !$t->{got}{0} || !$asked;
        return phase($e, $t, 'full', $asked);
    }
    my @passed = sort { $a <=> $b } keys %{ $t->{got} };
    if ($phase eq 'full' || $phase eq 'confirm' && @passed) {
        @$t{qw(lo hi)} = (@passed ? $passed[-1] : 0, $asked);
        if ($t->{lo} == $asked) { $t->{mtu} = $asked; return finish($e, $t) }
    } elsif ($phase eq 'ladder') {
        $t->{lo} = $passed[-1] if @passed && $passed[-1] > $t->{lo};
        for (@{ $t->{sizes} }) { $t->{hi} = $_ if $_ > $t->{lo} && $_ < $t->{hi} }
    } else {
        $t->{mtu} = $t->{lo} || undef;
        return finish($e, $t);
    }
    $t->{hi} = $t->{over} if defined $t->{over} && $t->{over} < $t->{hi};
    my ($lo, $hi) = @$t{qw(lo hi)};
    if ($hi - $lo <= 1 || $hi <= 576) {
        if (defined $t->{over} && $hi >= $t->{over}) { $t->{mtu} = $lo || undef; return finish($e, $t) }
        # One lost packet must not look like a small link.
        return phase($e, $t, 'confirm', $hi) if ++$t->{confirmed} <= 3;
        $t->{mtu} = $lo || undef;
        return finish($e, $t);
    }
    my @points = $phase eq 'full' ? grep { $_ > $lo && $_ < $hi } @COMMON : ();
    my $from = $lo || 575;
    if (!@points) {
        my $step = ($hi - $from) / 17;
        $step = 1 if $step < 1;
        my %once = map { (int($from + $step * $_) => 1) } 1 .. 16;
        @points = grep { $_ > $lo && $_ < $hi } sort { $a <=> $b } keys %once;
    }
    phase($e, $t, 'ladder', @points);
}

sub finish {
    my ($e, $t) = @_;
    $t->{done} = 1;
    my $d = sub { defined $_[0] ? $_[0] : '-' };
    say_line('echo', word($e->{nic}), $d->($e->{source}), ip_text($t->{ip}), $d->($t->{rtt}), $e->{mtu} || '-',
        $d->($t->{mtu}), word(defined $t->{rtt} ? undef : $t->{fault}));
    $pending--;
}

my %UNREACHABLE = (0 => 'network unreachable', 1 => 'host unreachable', 4 => 'too large', 9 => 'network prohibited',
    10 => 'host prohibited', 13 => 'prohibited by a filter');
sub answers {
    my ($e) = @_;
    my $buf;
    for (1 .. 256) {
        defined recv $e->{socket}, $buf, 65536, 0x40 or last;
        my $at = (ord($buf) & 15) * 4;
        next if length $buf < $at + 8;
        my ($type, $code) = unpack "x$at C C", $buf;
        my $inner = $type == 3 ? $at + 8 : 0;
        if ($inner) {
            next if length $buf < $inner + 28;
            $inner += (ord(substr $buf, $inner, 1) & 15) * 4;
            next if length $buf < $inner + 8;
        }
        my ($id, $seq) = unpack 'a2 n', substr $buf, ($inner || $at) + 4, 4;
        my $asked = $id eq $e->{id} ? $e->{asked}{$seq} : undef;
        next unless $asked;
        my ($t, $size, $when, $phase) = @$asked;
        if ($inner) {
            $t->{fault} = ($UNREACHABLE{$code} || "unreachable ($code)") . ', says ' . ip_text(substr $buf, 12, 4);
            next;
        }
        next unless $type == 0 && substr($buf, 12, 4) eq $t->{ip} && substr($buf, $at + 8, 12) eq "cpmg$run";
        delete $e->{asked}{$seq};
        next if $t->{done};
        my $us = int((now() - $when) * 1000);
        $t->{rtt} = $us if !$size && (!defined $t->{rtt} || $us < $t->{rtt});
        next if $phase ne $t->{phase};
        $t->{got}{$size} = 1;
        decide($e, $t) unless grep { !$t->{got}{$_} } @{ $t->{sizes} };
    }
}

