// One change in many namespaces: a small program enters one after the other, because entering is for a whole process and this
// one must stay where it is. It takes its work as lines, says "done" when the kernel has all of it, and goes on closing its
// sockets, for each of which the kernel waits some ten milliseconds: nobody has to wait for that.
//
//   set NAME ADDRESS…           addresses as hexadecimal digits
//   nft PATH BYTES              a transaction for nf_tables
//   flows PATH NET READY KNOWN [all]
//                               takes out of the table of connections what was turned to an address inside NET (base/length,
//                               hexadecimal) that is not in the set READY, if it is UDP, and with "all" also what is not in the
//                               set KNOWN. To read the table is to go through that of the whole host, some 5 ms: without "all"
//                               it is read only where UDP was turned at all, which the set "turned" of our rules tells
//
// perl, because it can make any system call and every Debian has it (perl-base).
import { SkepError } from "../../../shared/errors.ts";
import type { ToolRunner } from "./run.ts";

const PROGRAM = String.raw`use strict; my ($SETNS)=@ARGV; my (%sets,@open); my $bad=0;
sub fail { print STDERR "$_[0]\n"; $bad++; return; }
sub enter { my ($path)=@_;
  open(my $ns,"<",$path) or return fail("$path: $!");
  syscall($SETNS,fileno($ns),0x40000000)==0 or return fail("$path: $!");
  socket(my $s,16,3|02000000,12) or return fail("$path: netlink: $!");
  setsockopt($s,1,33,pack("i",8388608)); setsockopt($s,1,32,pack("i",8388608));
  push @open,$s; return $s; }
my $kernel=pack("SSLL",16,0,0,0);
sub nft { my ($path,$hex)=@_; my $s=enter($path) or return;
  my $batch=pack("H*",$hex); my $n=0;
  for (my $at=0;$at<length $batch;) { my ($l,$t,$f)=unpack("LSS",substr($batch,$at,8)); $l=($l+3)&~3;
    if ($t>255) { substr($batch,$at+6,2)=pack("S",$f|4); $n++; } $at+=$l; }
  defined send($s,$batch,0,$kernel) or return fail("$path: $!");
  while ($n>0) { defined recv($s,my $in,262144,0) or return fail("$path: $!");
    for (my $at=0;$at+20<=length $in;) { my ($l,$t,$f,$q,$p,$e)=unpack("LSSLLl",substr($in,$at,20)); last if $l<16;
      if ($t==2) { $n--; if ($e) { $!=-$e; return fail("$path: rules: message $q: $!"); } } $at+=($l+3)&~3; } } }
sub attrs { my ($d)=@_; my %a; for (my $at=0;$at+4<=length $d;) { my ($l,$t)=unpack("SS",substr($d,$at,4)); last if $l<4;
    $a{$t&0x3fff}=substr($d,$at+4,$l-4); $at+=($l+3)&~3; } return \%a; }
sub tuple { my $t=attrs($_[0]//""); my $i=attrs($t->{1}//""); my $p=attrs($t->{2}//"");
  return ($i->{1}//$i->{3}//"",$i->{2}//$i->{4}//"",unpack("C",$p->{1}//"\0")); }
sub turned { my ($s,$path)=@_; my $body=pack("CCn",1,0,0).pack("SSa8",9,1,"skep").pack("SSa8",11,2,"turned");
  defined send($s,pack("LSSLL",16+length $body,0xa0d,0x301,1,0).$body,0,$kernel) or return fail("$path: $!"); my $any=0;
  while (1) { defined recv($s,my $in,262144,0) or return fail("$path: $!");
    for (my $at=0;$at+16<=length $in;) { my ($l,$t)=unpack("LS",substr($in,$at,6)); return $any if $t==3||$t==2||$l<16;
      $any=1 if length(attrs(substr($in,$at+20,$l-20))->{3}//""); $at+=($l+3)&~3; } } }
sub flows { my ($path,$net,$ready,$known,$all)=@_; my $s=enter($path) or return; return unless $all || turned($s,$path);
  my ($base,$bits)=split "/",$net; $base=pack("H*",$base); my $v6=length $base==16; my $want=substr(unpack("B*",$base),0,$bits);
  my @gone; my $body=pack("CCn",$v6?10:2,0,0);
  defined send($s,pack("LSSLL",20,0x101,0x301,1,0).$body,0,$kernel) or return fail("$path: $!");
  DUMP: while (1) { defined recv($s,my $in,262144,0) or return fail("$path: $!");
    for (my $at=0;$at+16<=length $in;) { my ($l,$t)=unpack("LS",substr($in,$at,6)); last DUMP if $t==3||$t==2||$l<16;
      my $m=substr($in,$at,$l); $at+=($l+3)&~3; my $a=attrs(substr($m,20));
      my (undef,$dst)=tuple($a->{1}); my ($src,undef,$proto)=tuple($a->{2});
      next if $src eq $dst || length $src!=length $base || substr(unpack("B*",$src),0,$bits) ne $want;
      my $h=unpack("H*",$src); my $udp=$proto==17||$proto==136;
      next if $udp ? $sets{$ready}{$h} : !$all || $sets{$known}{$h};
      push @gone,pack("SS",4+length $a->{1},0x8001).$a->{1}.(defined $a->{12}?pack("SS",8,12).$a->{12}:""); } }
  for (@gone) { send($s,pack("LSSLL",20+length $_,0x102,5,2,0).$body.$_,0,$kernel); recv($s,my $in,65536,0); } }
while (<STDIN>) { chomp; my ($do,@w)=split / /;
  if ($do eq "set") { my $n=shift @w; $sets{$n}={map {$_=>1} @w}; }
  elsif ($do eq "nft") { nft(@w); } elsif ($do eq "flows") { flows(@w); } }
$|=1; print $bad?"failed\n":"done\n"; close STDOUT; close STDERR;`;

/** The number of setns(2). */
const SETNS: Readonly<Record<string, number>> = {
  x64: 308,
  arm64: 268,
  arm: 375,
  riscv64: 268,
  ppc64: 350,
  s390x: 339,
};

export const canEnterMany = (architecture: string): boolean => SETNS[architecture] !== undefined;

/** @throws {SkepError} `internal`: what a namespace's kernel refused; the others have it. */
export async function enterMany(
  lines: readonly string[],
  runner: ToolRunner,
  architecture: string,
  signal: AbortSignal,
): Promise<void> {
  if (lines.length === 0) return;
  const call = {
    command: "perl",
    args: ["-e", PROGRAM, String(SETNS[architecture])],
    input: `${lines.join("\n")}\n`,
    answersFirst: true,
  };
  const { stdout, stderr } = await runner.run(call, signal);
  if (stdout.startsWith("done")) return;
  const complaints = stderr.split("\n").filter((line) => line !== "");
  throw new SkepError("internal", `cannot change rules of namespaces: ${complaints.slice(0, 5).join("; ") || stdout}`);
}
