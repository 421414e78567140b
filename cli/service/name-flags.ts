// Flags that say how a container is reached and whom it finds: ports, host name, hosts and name servers.
import { newDNSConfig, type PortConfig } from "../../proto/gen/objects.ts";
import {
  hostnameProblem,
  nameServerProblem,
  resolverOptionProblem,
  searchDomainProblem,
} from "../../shared/model/container-values.ts";
import { formatIp, parseIp } from "../../shared/model/ip.ts";
import { checked, choice } from "../options.ts";
import { parsePublish, parseUnpublish, publishText } from "../parse/port.ts";
import { parseHost } from "../parse/service-values.ts";
import { container, endpoint, self } from "./edit.ts";
import { both, GROUP, type SpecFlag } from "./flag.ts";
import { inContainer, list } from "./list-flag.ts";

const ipKey = (text: string): string => {
  const ip = parseIp(text);
  return ip === undefined ? text : formatIp(ip);
};

/** "10.0.0.7 db" in parts that can be compared. */
const hostsKey = (line: string): readonly [ip: string, name: string] => {
  const [ip = "", ...names] = line.trim().split(/\s+/);
  return [ipKey(ip), names.join(" ").toLowerCase()];
};

export const NAME_FLAGS: readonly SpecFlag[] = [
  ...list<PortConfig>({
    name: "publish",
    short: "p",
    value: "port",
    help: "8080:80, 80/udp, 8000-8005:8000-8005, or published=8080,target=80,protocol=tcp,mode=ingress (or host)",
    group: GROUP.network,
    items: { of: (spec) => spec.endpointSpec?.ports ?? [], set: (ports) => endpoint({ ports }) },
    parse: parsePublish,
    key: (port) => JSON.stringify({ ...port, hostIp: ipKey(port.hostIp) }),
    text: publishText,
    double: "both",
    removeValue: "target",
    removes: parseUnpublish,
  }),
  {
    ...both,
    name: "endpoint-mode",
    value: "mode",
    help: "vip or dnsrr",
    group: GROUP.network,
    edit: (raw) => endpoint({ mode: choice("vip", "dnsrr")(raw) }),
  },
  {
    ...both,
    name: "hostname",
    value: "name",
    help: "Hostname of the containers",
    group: GROUP.network,
    edit: (raw) => {
      // What becomes of placeholders is the manager's to say: it knows the service and the nodes.
      const hostname = raw.includes("{{") || raw === "" ? raw : checked(raw, hostnameProblem);
      return container(() => ({ hostname }));
    },
  },
  ...list<string>({
    name: "host",
    value: "host:ip",
    help: "Line of /etc/hosts: db:10.0.0.7",
    group: GROUP.network,
    items: inContainer(
      (of) => of.hosts,
      (hosts) => () => ({ hosts }),
    ),
    parse: (raw) => [parseHost(raw)],
    key: (line) => hostsKey(line).join(" "),
    text: (line) => {
      const [ip, name] = hostsKey(line);
      return `${name}:${ip}`;
    },
    double: "keep",
    removeValue: "host[:ip]",
    removes: (raw) => {
      if (!raw.includes(":")) return (line) => hostsKey(line)[1] === raw.toLowerCase();
      const key = hostsKey(parseHost(raw)).join(" ");
      return (line) => hostsKey(line).join(" ") === key;
    },
  }),
  ...list<string>({
    name: "dns",
    value: "ip",
    help: "DNS server",
    group: GROUP.network,
    items: inContainer(
      (of) => of.dnsConfig?.nameservers ?? [],
      (nameservers) => (of) => ({ dnsConfig: newDNSConfig({ ...of.dnsConfig, nameservers }) }),
    ),
    parse: (raw) => [checked(raw, nameServerProblem)],
    key: ipKey,
    text: self,
    double: "keep",
    removeValue: "ip",
  }),
  ...list<string>({
    name: "dns-search",
    value: "domain",
    help: "DNS search domain",
    group: GROUP.network,
    items: inContainer(
      (of) => of.dnsConfig?.search ?? [],
      (search) => (of) => ({ dnsConfig: newDNSConfig({ ...of.dnsConfig, search }) }),
    ),
    parse: (raw) => [checked(raw, searchDomainProblem)],
    key: (domain) => domain.toLowerCase().replace(/(?<=.)\.$/, ""),
    text: self,
    double: "keep",
    removeValue: "domain",
  }),
  ...list<string>({
    name: "dns-option",
    value: "option",
    help: "DNS option: ndots:2",
    group: GROUP.network,
    items: inContainer(
      (of) => of.dnsConfig?.options ?? [],
      (options) => (of) => ({ dnsConfig: newDNSConfig({ ...of.dnsConfig, options }) }),
    ),
    parse: (raw) => [checked(raw, resolverOptionProblem)],
    key: self,
    text: self,
    double: "keep",
    removeValue: "option",
    removes: (raw) => (option) => option === raw,
  }),
];
