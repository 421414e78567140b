// How much a task may ask of its node's name server. All tasks ask one server, and what comes faster than it answers is lost,
// whoever sent it: so what one task sends too much is dropped in the switchboard, before it takes the place of another's question.
//
//   each task          at most 2,000 packets a second, and as many at once
//   busy tasks         those that send more than 200 a second, together at most 6,000 a second, and 2,000 at once
//
// So many busy tasks share what one server can do, and a task that asks little is never dropped. What may come within two seconds
// fits into the server's socket (dns/kept-sockets.ts), should it be busy or restarting meanwhile.
import type { LocalNet } from "./local-nets.ts";
import { LOCAL_BRIDGE } from "./names.ts";
import type { RulesetBuilder } from "./ruleset.ts";

/** Filled by packets, like TURNED: a sender that is silent for a minute is forgotten. */
const SENDERS = "ipv4_addr; flags timeout,dynamic; timeout 1m; size 65535";

/** For the hook "forward" of the switchboard, once a sender is known to be who it says. Tasks ask by IPv4 alone. */
export function nameLimits(rules: RulesetBuilder, nets: readonly LocalNet[], port: number): readonly string[] {
  rules.map("asking4", SENDERS);
  rules.map("busy4", SENDERS);
  return nets
    .filter(({ word }) => word === "ip")
    .flatMap(({ host }) => {
      const asks = `iifname "${LOCAL_BRIDGE}" ip daddr ${host.text} meta l4proto { tcp, udp } th dport ${port}`;
      return [
        `${asks} update @asking4 { ip saddr limit rate over 2000/second burst 2000 packets } drop`,
        `${asks} update @busy4 { ip saddr limit rate over 200/second burst 400 packets } limit rate over 6000/second burst 2000 packets drop`,
      ];
    });
}
