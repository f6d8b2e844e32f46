# What runs on a node during a connectivity check: these files in the order of `discovery/probe/script.rs`. The files of
# python/ are their twins with the same protocol (described in mod.rs). perl-base and Linux are enough: modules beyond it are loaded by child processes only, and
# clocks are read by system call because perl-base has no Time::HiRes. One loop, one socket per NIC, everything has a time
# limit; nothing is written to the node's disks.
use strict;
use warnings;
use Config;

my ($run, $node, $limit) = ("\0" x 8, 0, 120);
my ($in, $out, $going, $stopping, $pending, $sent) = ('', '', 0, 0, 0, 0);
my (%nic, @echo, @jobs, %kid, @timers, $guard, $guard_pid);
my ($KIDS, $LINES, $MACS) = (8, 20000, 16);
my $lines = 0;
my $machine = $Config{archname};
my ($clock_call) = map { $machine =~ /^$_->[0]/ ? $_->[1] : () }
  ['x86_64', 228], ['aarch64|riscv64|loongarch64', 113], ['powerpc64', 246], ['ppc64', 246], ['s390x', 260];

# ms of clock N (0: of day, 1: monotonic)
sub clock_ms {
    my ($which) = @_;
    my $spec = "\0" x 16;
    if (defined $clock_call && syscall($clock_call, $which, $spec) == 0) {
        my ($s, $ns) = unpack 'q2', $spec;
        return $s * 1000 + $ns / 1e6;
    }
    return time * 1000 unless $which;
    open my $f, '<', '/proc/uptime' or return time * 1000;
    return (split ' ', <$f>)[0] * 1000;
}
sub now { return clock_ms(1) }

sub at {
    my ($in_ms, $code) = @_;
    my $when = now() + $in_ms;
    my ($from, $to) = (0, scalar @timers);
    while ($from < $to) {
        my $middle = int(($from + $to) / 2);
        if ($timers[$middle][0] <= $when) { $from = $middle + 1 } else { $to = $middle }
    }
    splice @timers, $from, 0, [$when, $code];
}

sub word {
    my ($text) = @_;
    return '-' unless defined $text && length $text;
    $text = substr $text, 0, 400 if length $text > 400;
    return '%2D' if $text eq '-';
    $text =~ s/([^!-\$&-~])/sprintf '%%%02X', ord $1/ge;
    return $text;
}
sub say_line { $out .= join(' ', @_) . "\n" if $lines++ < $LINES }
sub fault_words { my ($task, $on, $subject, $why) = @_; return join ' ', 'fault', $task, word($on), word($subject), word($why) }
sub fault { say_line(fault_words(@_)) }

sub flush_out {
    while (length $out) {
        my $n = syswrite STDOUT, $out;
        next if !defined $n && $!{EINTR};
        leave(1) unless defined $n;
        substr($out, 0, $n) = '';
    }
}

# Ends everything; the guard puts the NICs back.
sub leave {
    my ($status) = @_;
    kill 'KILL', keys %kid if %kid;
    if ($guard) { close $guard; waitpid $guard_pid, 0; undef $guard }
    exit $status;
}
