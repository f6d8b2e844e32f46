# Frames, ARP and DHCP on the wires.

sub start_frames {
    my @frames;
    for my $name (sort keys %nic) {
        my $n = $nic{$name};
        for my $vlan (@{ $n->{tags} || [] }) {
            my $tag = $vlan ? pack('n2', 0x8100, $vlan) : '';
            my $marker = pack 'a4 a8 x NN n a15', 'cpmg', $run, $node >> 32, $node & 0xffffffff, $vlan, $name;
            my $frame = ("\xff" x 6) . $n->{mac} . $tag . pack('n', 0x88b5) . $marker;
            push @frames, [$n, $frame . "\0" x (100 + length($tag) - length $frame)];
        }
    }
    my @rest;
    my $round = 0;
    my $step;
    $step = sub {
        if (!@rest) {
            if ($round++ == 3 || !@frames) { $sent = 1; say_line('sent'); return }
            @rest = @frames;
            if ($round > 1) { at(200 + rand 150, $step); return }
        }
        send_on(@$_, 25) for splice @rest, 0, 16;
        at(@rest ? 4 : 0, $step);
    };
    at(rand 100, $step);
}

sub say_heard {
    for my $name (sort keys %nic) {
        my %by;
        for (sort keys %{ $nic{$name}{heard} || {} }) {
            my ($high, $low, $vlan, $from, $tagged) = unpack 'NN n a15 a', $_;
            $from =~ s/\0.*//s;
            push @{ $by{ ($high << 32 | $low) . ' ' . word($from) } }, "$vlan$tagged";
        }
        say_line('heard', $name, $_, join ',', @{ $by{$_} }) for sort keys %by;
    }
    return if $lines <= $LINES;
    $lines = 0;
    fault('frames', $_, undef, 'more was heard than can be told') for sort grep { $nic{$_}{tags} } keys %nic;
}

sub start_addresses {
    my ($name, $n) = @_;
    $pending++;
    my $end = sub {
        for (sort keys %{ $n->{arp} }) {
            say_line('address', $name, ip_text($_), sort keys %{ $n->{arp}{$_} });
        }
        $pending--;
    };
    my $round = 0;
    my ($step, @rest);
    $step = sub {
        if (!@rest) {
            if ($round++ == 3) { at(1000, $end); return }
            @rest = sort keys %{ $n->{arp} };
            if ($round > 1) { at(300 + rand 200, $step); return }
        }
        for (splice @rest, 0, 16) {
            my $probe = pack 'n n C C n a6 x4 x6 a4', 1, 0x0800, 6, 4, 1, $n->{mac}, $_;
            send_on($n, ("\xff" x 6) . $n->{mac} . pack('n', 0x0806) . $probe . "\0" x 18, 25);
        }
        at(@rest ? 10 : 0, $step);
    };
    at(rand 100, $step);
}

sub sum16 {
    my $sum = unpack '%32n*', length($_[0]) % 2 ? "$_[0]\0" : $_[0];
    $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
    return ~$sum & 0xffff;
}

sub start_dhcp {
    my ($name, $n) = @_;
    $pending++;
    $n->{xid} = pack 'N', int rand 0xffffffff;
    my $ask = pack 'C4 a4 n n x16 a6 x202 N', 1, 1, 6, 0, $n->{xid}, 0, 0x8000, $n->{mac}, 0x63825363;
    $ask .= pack 'C*', 53, 1, 1, 55, 3, 1, 3, 6, 255;
    $ask .= "\0" x (300 - length $ask) if length $ask < 300;
    my $udp = pack 'n4 a*', 68, 67, 8 + length $ask, 0, $ask;
    my $head = pack 'C C n n n C C n a4 a4', 0x45, 0, 20 + length $udp, 0, 0, 64, 17, 0, "\0" x 4, "\xff" x 4;
    substr($head, 10, 2) = pack 'n', sum16($head);
    my $frame = ("\xff" x 6) . $n->{mac} . pack('n', 0x0800) . $head . $udp;
    at($_, sub { send_on($n, $frame, 25) }) for 0, 1500, 3000;
    at(5000, sub {
        say_line('dhcp', $name, map { join ',', @$_ } sort { "@$a" cmp "@$b" } values %{ $n->{dhcp} });
        $pending--;
    });
}

sub offer {
    my ($n, $buf) = @_;
    return unless defined $n->{xid} && length $buf >= 14 + 20 + 8 + 240 && substr($buf, 46, 4) eq $n->{xid};
    return unless ord(substr $buf, 42, 1) == 2 && substr($buf, 278, 4) eq "\x63\x82\x53\x63";
    my ($server, $kind, $rest) = (substr($buf, 26, 4), 0, substr $buf, 282);
    while (length $rest) {
        my $code = ord $rest;
        last if $code == 255;
        if ($code == 0) { substr($rest, 0, 1) = ''; next }
        last if length $rest < 2 || length $rest < 2 + ord substr $rest, 1, 1;
        my $value = substr $rest, 2, ord substr $rest, 1, 1;
        $kind = ord $value if $code == 53 && length $value;
        $server = $value if $code == 54 && length $value == 4;
        substr($rest, 0, 2 + length $value) = '';
    }
    my $one = [ip_text($server), mac_text(substr $buf, 6, 6), ip_text(substr $buf, 58, 4)];
    $n->{dhcp}{"$one->[0] $one->[1]"} ||= $one if $kind == 2 && keys %{ $n->{dhcp} } < $MACS;
}

