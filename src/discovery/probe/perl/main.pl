# Orders from standard input, and the loop.

sub go {
    return if $going++;
    start_frames();
    for (sort keys %nic) {
        start_addresses($_, $nic{$_}) if $nic{$_}{arp};
        start_dhcp($_, $nic{$_}) if $nic{$_}{dhcp};
    }
    start_echo($_) for @echo;
    start_jobs();
}

sub order {
    my ($what, @w) = split ' ', $_[0];
    return unless defined $what;
    if ($what eq 'run') { ($run, $node) = (pack('H16', $w[0]), $w[1]) }
    elsif ($what eq 'limit') { alarm($limit = $w[0]) }
    elsif ($what eq 'frames') { $nic{ $w[0] }{tags} = [$w[1] eq '-' ? () : split /,/, $w[1]] }
    elsif ($what eq 'addresses') { $nic{ $w[0] }{arp}{ ip_bytes($_) } = {} for split /,/, $w[1] }
    elsif ($what eq 'dhcp') { $nic{ $w[0] }{dhcp} = {} }
    elsif ($what eq 'echo') {
        my ($name, $source) = map { $_ eq '-' ? undef : $_ } @w[0, 1];
        push @echo, { nic => $name, source => $source, mtu => $w[2], targets => [split /,/, $w[3]] };
    } elsif ($what eq 'ports') { my @p = split /,/, $w[0]; push @jobs, ['ports', '', 15000, sub { ports_job(@p) }] }
    elsif ($what eq 'name') { my $n = $w[0]; push @jobs, ['names', $n, 10000, sub { name_job($n) }] }
    elsif ($what eq 'url') { my $u = $w[0]; push @jobs, ['repositories', $u, 15000, sub { url_job($u) }] }
    elsif ($what eq 'configured') {
        my @found = configured();
        fault('repositories', undef, 'configured', 'no package repository with http or https is set up on the node') unless @found;
        for my $one (@found) { push @jobs, ['repositories', $one->[0], 15000, sub { url_job(@$one) }] }
    } elsif ($what eq 'clock') { push @jobs, ['clock', '', 14000, \&clock_job] }
    elsif ($what eq 'begin') { open_nics() }
    elsif ($what eq 'time') { say_line('time', sprintf '%.3f', clock_ms(0)) }
    elsif ($what eq 'go') { go() }
    elsif ($what eq 'stop') { $stopping = 1 }
}

$SIG{PIPE} = 'IGNORE';
$SIG{$_} = sub { leave(1) } for qw(HUP TERM INT ALRM);
alarm $limit;
srand($$ ^ time);
$^F = 2;
binmode STDIN;
socket $ctl, 2, 2, 0 or die "socket: $!";
say_line('hello', 'perl', sprintf '%vd', $^V);
while (1) {
    flush_out();
    if ($stopping && $sent && !$pending && !@jobs) {
        say_heard();
        $lines = 0;
        # Only when everything is put back is it done.
        if ($guard) { close $guard; waitpid $guard_pid, 0; undef $guard }
        say_line('done');
        flush_out();
        leave(0);
    }
    my $bits = '';
    vec($bits, 0, 1) = 1;
    for (values %nic, @echo) { vec($bits, fileno $_->{socket}, 1) = 1 if $_->{socket} }
    vec($bits, fileno $_->{pipe}, 1) = 1 for values %kid;
    my $wait = @timers ? ($timers[0][0] - now()) / 1000 : 1;
    my $n = select my $got = $bits, undef, undef, $wait < 0 ? 0 : $wait;
    if ($n > 0) {
        for (keys %nic) { receive($_, $nic{$_}) if $nic{$_}{socket} && vec $got, fileno $nic{$_}{socket}, 1 }
        for (@echo) { answers($_) if $_->{socket} && vec $got, fileno $_->{socket}, 1 }
        for (keys %kid) {
            my $k = $kid{$_};
            next unless $k && vec $got, fileno $k->{pipe}, 1;
            my $more = sysread $k->{pipe}, $k->{said}, 65536, length $k->{said};
            end_job($_) if !$more || length $k->{said} > 1 << 20;
        }
        if (vec $got, 0, 1) {
            my $read = sysread STDIN, $in, 65536, length $in;
            leave(1) if defined $read && $read == 0;
            while ($in =~ s/^([^\n]*)\n//) { order($1) }
        }
    }
    my $now = now();
    # What has arrived is looked at before a time limit is, but not for ever.
    next if $n > 0 && @timers && $now - $timers[0][0] < 500;
    while (@timers && $timers[0][0] <= $now) { (shift @timers)->[1]->() }
}
