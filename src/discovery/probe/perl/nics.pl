# NICs: what they are, up and down, one packet socket each.

my $ctl;
sub ifreq { my ($call, $name) = @_; my $r = pack 'a16 x24', $name; return ioctl($ctl, $call, $r) ? $r : undef }
sub flags { my $r = ifreq(0x8913, $_[0]); return defined $r ? unpack('x16 S', $r) : undef }
sub set_up {
    my ($name, $up) = @_;
    my $now = flags($name);
    return 0 unless defined $now;
    my $r = pack 'a16 S x22', $name, $up ? $now | 1 : $now & ~1;
    return ioctl($ctl, 0x8914, $r);
}
sub setting {
    my ($path, $value) = @_;
    my $old;
    if (open my $f, '<', $path) { $old = <$f> }
    return undef unless defined $old;
    if (defined $value && open my $f, '>', $path) { print $f $value }
    chomp $old;
    return $old;
}

# A process that lives as long as this one and then puts the NICs back, whatever ended this one, SIGKILL included.
sub start_guard {
    my @names = @_;
    pipe my $read, $guard or die "pipe: $!";
    my $parent = $$;
    $guard_pid = fork;
    die "fork: $!" unless defined $guard_pid;
    if ($guard_pid) { close $read; return }
    $SIG{$_} = 'IGNORE' for qw(HUP TERM INT PIPE ALRM);
    setpgrp 0, 0;
    close $guard;
    close STDIN; close STDOUT; close STDERR;
    my %ra = map { ($_, setting("/proc/sys/net/ipv6/conf/$_/accept_ra", 0)) } @names;
    my $ready = '';
    vec($ready, fileno $read, 1) = 1;
    my $end = now() + ($limit + 10) * 1000;
    while (1) {
        my $left = ($end - now()) / 1000;
        if ($left <= 0) { kill 'KILL', $parent; last }
        last if select(my $r = $ready, undef, undef, $left) > 0;
    }
    set_up($_, 0) for @names;
    for (@names) { setting("/proc/sys/net/ipv6/conf/$_/accept_ra", $ra{$_}) if defined $ra{$_} }
    exit 0;
}

# Passes what is ours: frames of a check, ARP answers and DHCP answers without a tag; never what this NIC sends itself. A
# frame that came with a VLAN tag is cut to 96 bytes: the kernel has taken the tag off, and Perl cannot ask for it.
sub filter {
    my @p = (
        [0x30, 0, 0, 0xfffff004], [0x15, 20, 0, 4],                              #  0 sent by this NIC: drop
        [0x28, 0, 0, 12], [0x15, 9, 0, 0x88b5],                                  #  2 ours: go to 13
        [0x30, 0, 0, 0xfffff030], [0x15, 0, 16, 0],                              #  4 others with a tag: drop
        [0x28, 0, 0, 12], [0x15, 3, 0, 0x0806], [0x15, 0, 13, 0x0800],           #  6 ARP: go to 11
        [0x28, 0, 0, 36], [0x15, 9, 11, 68],                                     #  9 to port 68
        [0x28, 0, 0, 20], [0x15, 7, 9, 2],                                       # 11 an ARP answer
        [0x20, 0, 0, 14], [0x15, 0, 7, 0x63706d67],                              # 13 'cpmg'
        [0x30, 0, 0, 0xfffff030], [0x15, 3, 0, 0],                               # 15 no tag: pass
        [0x28, 0, 0, 0xfffff02c], [0x54, 0, 0, 0xfff], [0x15, 0, 1, 0],          # 17 VLAN 0 is none
        [0x06, 0, 0, 1500], [0x06, 0, 0, 96], [0x06, 0, 0, 0],                   # 20 pass, 21 cut, 22 drop
    );
    return (scalar @p, join '', map { pack 'S C C L', @$_ } @p);
}

sub open_nic {
    my ($name) = @_;
    my $n = $nic{$name};
    my $index = ifreq(0x8933, $name);
    return 'there is no such NIC: look at its name' unless defined $index;
    my $address = ifreq(0x8927, $name);
    my ($kind, $mac) = unpack 'x16 S a6', $address;
    return 'it is not an Ethernet NIC' unless $kind == 1;
    @$n{qw(index mac flags mtu)} =
      (unpack('x16 i', $index), $mac, flags($name), unpack('x16 i', ifreq(0x8921, $name)));
    return;
}

sub listen_nic {
    my ($name) = @_;
    my $n = $nic{$name};
    socket my $s, 17, 3, 0 or return "a packet socket is refused ($!): this needs root";
    my ($count, $code) = filter();
    my $pointer = pack 'P', $code;
    setsockopt $s, 1, 26, pack('S x!' . length($pointer) . ' a*', $count, $pointer) or return "no packet filter: $!";
    setsockopt $s, 1, 33, pack 'i', 8 << 20;
    bind $s, pack('S n i S C C x8', 17, 3, $n->{index}, 0, 0, 0) or return "cannot listen: $!";
    if ($n->{tags}) {
        setsockopt $s, 263, 1, pack('i S S x8', $n->{index}, 1, 0) or fault('frames', $name, undef, "not promiscuous: $!");
    }
    $n->{socket} = $s;
    return;
}

sub mac_text { return join ':', map { sprintf '%02x', $_ } unpack 'C6', $_[0] }
sub ip_text { return join '.', unpack 'C4', $_[0] }
sub ip_bytes { return pack 'C4', split /\./, $_[0] }

sub each_task_of {
    my ($n, $name, $why) = @_;
    fault('frames', $name, undef, $why) if $n->{tags};
    fault('addresses', $name, undef, $why) if $n->{arp};
    fault('dhcp', $name, undef, $why) if $n->{dhcp};
}

sub open_nics {
    my @down;
    for my $name (sort keys %nic) {
        my $why = $> ? 'this needs root: log in as root' : open_nic($name);
        if (defined $why) { each_task_of(delete $nic{$name}, $name, $why); next }
        push @down, $name unless $nic{$name}{flags} & 1;
    }
    if (@down) {
        start_guard(@down);
        for (@down) {
            my $n = $nic{$_};
            $n->{was_down} = 1;
            set_up($_, 1) or fault('frames', $_, undef, "it is down and cannot be brought up: $!");
        }
    }
    my $end = now() + 8000;
    my $wait;
    $wait = sub {
        my $missing = grep { !(flags($_) & 0x40) } @down;
        if ($missing && now() < $end) { at(50, $wait); return }
        for my $name (sort keys %nic) {
            my $n = $nic{$name};
            my $why = listen_nic($name);
            say_line('nic', $name, mac_text($n->{mac}), $n->{was_down} ? 'down' : 'up',
                (flags($name) || 0) & 0x40 ? 'carrier' : 'no-carrier', $n->{mtu});
            if (defined $why) { each_task_of(delete $nic{$name}, $name, $why) }
        }
        say_line('ready');
    };
    $wait->();
}

sub send_on {
    my ($n, $frame, $tries) = @_;
    return if defined send $n->{socket}, $frame, 0x40;
    at(20, sub { send_on($n, $frame, $tries - 1) }) if $tries && ($!{ENOBUFS} || $!{EAGAIN});
}

sub receive {
    my ($name, $n) = @_;
    my $mark = 'cpmg' . $run;
    my $buf;
    for (1 .. 512) {
        defined recv $n->{socket}, $buf, 2048, 0x40 or last;
        my $type = unpack 'x12 n', $buf;
        if ($type == 0x88b5) {
            next unless $n->{tags} && length $buf >= 52 && substr($buf, 14, 12) eq $mark;
            # Node, VLAN and NIC, and whether a tag came with it.
            my $key = substr($buf, 27, 25) . (length $buf < 100 ? 't' : 'u');
            $n->{heard}{$key} = 1 if exists $n->{heard}{$key} || keys %{ $n->{heard} } < $LINES;
        } elsif ($type == 0x0806) {
            my $of = $n->{arp}{ substr $buf, 28, 4 } or next;
            my $mac = mac_text(substr $buf, 22, 6);
            $of->{$mac} = 1 if $mac ne mac_text($n->{mac}) && keys %$of < $MACS;
        } elsif ($type == 0x0800 && $n->{dhcp}) {
            offer($n, $buf);
        }
    }
}

