// SCTP without a kernel that speaks it: a packet as a client sends it first, and who hears it. Raw sockets, in perl.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

/** Prints "ready", and then the sender and the port of the first SCTP packet. */
const LISTENER = String.raw`use Socket; $|=1; socket(S,AF_INET,SOCK_RAW,132) or die "$!"; print "ready\n";
my $from=recv(S,my $p,65536,0); my (undef,$ip)=(0,inet_ntoa(substr($p,12,4))); my $h=4*(ord($p)&15);
print $ip," ",unpack("n",substr($p,$h+2,2)),"\n";`;

const SENDER = `use Socket; my ($to,$port)=@ARGV; socket(S,AF_INET,SOCK_RAW,132) or die "$!";
my $p=pack("nnNN",40000+int(rand(9999)),$port,0,0).pack("CCnNNnnN",1,0,20,7,65536,1,1,1);
my $c=0xffffffff; for (unpack("C*",$p)) { $c^=$_; for my $i (0..7) { $c=$c&1?($c>>1)^0x82f63b78:$c>>1; } } $c^=0xffffffff;
substr($p,8,4)=pack("V",$c); send(S,$p,0,pack_sockaddr_in(0,inet_aton($to))) or die "$!";`;

/** The first chunk of an association. */
export function sendSctp(namespace: string, to: string, port: number): void {
  spawnSync("nsenter", [`--net=/run/netns/${namespace}`, "--", "perl", "-e", SENDER, to, String(port)]);
}

/** "ADDRESS PORT" as the first of the namespaces hears them. */
export async function heardSctp(namespaces: readonly string[], send: () => void, signal: AbortSignal): Promise<string> {
  const listeners = namespaces.map((namespace) =>
    spawn("nsenter", [`--net=/run/netns/${namespace}`, "--", "perl", "-e", LISTENER], {
      stdio: ["ignore", "pipe", "inherit"],
      signal,
    }),
  );
  for (const listener of listeners) listener.on("error", () => undefined);
  try {
    for (const { stdout } of listeners) await once(stdout, "data", { signal });
    const heard = listeners.map(({ stdout }) => once(stdout, "data", { signal }));
    send();
    const [chunk] = await Promise.race(heard);
    return String(chunk).trim();
  } finally {
    for (const listener of listeners) listener.kill("SIGKILL");
  }
}
