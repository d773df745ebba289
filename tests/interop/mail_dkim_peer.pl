#!/usr/bin/perl
# Mail::DKIM as a peer: verifies each RSA signature of a message, and signs. Debian's knows no Ed25519.
#
#   mail_dkim_peer.pl verify KEYS        a line "PATH" in, a line "RESULT[,RESULT...]" out,
#                                        in the order of the signatures
#   mail_dkim_peer.pl sign               a line "PATH OUT DOMAIN SELECTOR KEY CANONICALIZATION" in,
#                                        a line "done" out, and in OUT the signed message
use strict;
use warnings;

BEGIN {
	eval { require Mail::DKIM::Verifier; require Mail::DKIM::Signer; require Net::DNS; 1 }
	    or do { print "missing\n"; exit 0 };
}

$| = 1;

# Answers from a file in place of the DNS.
package KeyFile;

sub new {
	my ($class, $path) = @_;
	my %records;
	open(my $lines, '<', $path) or die "$path: $!";
	while (<$lines>) {
		chomp;
		my ($name, $record) = split(/\s+/, $_, 2);
		$records{lc $name} = $record;
	}
	return bless {records => \%records}, $class;
}

sub send {
	my ($self, $name) = @_;
	my $packet = Net::DNS::Packet->new($name, 'TXT');
	my $record = $self->{records}{lc $name};
	if (defined $record) {
		my @pieces = $record =~ /(.{1,250})/g;
		$packet->push(answer => Net::DNS::RR->new(
			owner => $name, type => 'TXT', txtdata => \@pieces));
	} else {
		$packet->header->rcode('NXDOMAIN');
	}
	return $packet;
}

sub errorstring { return 'NOERROR' }

package main;

sub slurp {
	my ($path) = @_;
	open(my $in, '<:raw', $path) or die "$path: $!";
	local $/;
	return scalar <$in>;
}

sub verify {
	my ($path) = @_;
	my $verifier = Mail::DKIM::Verifier->new();
	$verifier->PRINT(slurp($path));
	$verifier->CLOSE;
	return join(',', map { my $detail = $_->result_detail; $detail =~ tr/,\n/; /; $detail }
		$verifier->signatures);
}

sub sign {
	my ($path, $out, $domain, $selector, $key, $canonicalization) = @_;
	my $message = slurp($path);
	my $signer = Mail::DKIM::Signer->new(
		Algorithm => 'rsa-sha256', Method => $canonicalization, Domain => $domain,
		Selector => $selector, KeyFile => $key);
	$signer->PRINT($message);
	$signer->CLOSE;
	open(my $file, '>:raw', $out) or die "$out: $!";
	print $file $signer->signature->as_string . "\r\n" . $message;
	close($file) or die "$out: $!";
	return 'done';
}

my $work = shift @ARGV;
Mail::DKIM::DNS::resolver(KeyFile->new($ARGV[0])) if $work eq 'verify';
print "ready\n";
while (<STDIN>) {
	chomp;
	my @words = split / /;
	print eval { $work eq 'verify' ? verify(@words) : sign(@words) } // "error: $@" =~ tr/\n/ /r, "\n";
}
