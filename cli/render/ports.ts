// Ports as `service ls` and `service ps` write them.
import type { PortConfig, Service } from "../../proto/gen/objects.ts";

/** "*:8080->80/tcp"; at one address of a node only, "127.0.0.1:8080->80/tcp". */
export function portText(port: PortConfig): string {
  const ip = port.hostIp.includes(":") ? `[${port.hostIp}]` : port.hostIp || "*";
  const published = port.publishedPort === 0 ? "auto" : String(port.publishedPort);
  return `${ip}:${published}->${port.targetPort}/${port.protocol}`;
}

/** Those that every node answers; ranges that go side by side are one entry, as in Docker. */
export function servicePortsText(service: Service | undefined): string {
  const ports = service?.endpoint?.ports ?? service?.spec?.endpointSpec?.ports ?? [];
  const runs: { first: PortConfig; last: PortConfig }[] = [];
  for (const port of ports.filter((one) => one.publishMode === "ingress")) {
    const run = runs.at(-1);
    const follows =
      run !== undefined &&
      port.publishedPort !== 0 &&
      port.protocol === run.last.protocol &&
      port.hostIp === run.last.hostIp &&
      port.publishedPort === run.last.publishedPort + 1 &&
      port.targetPort === run.last.targetPort + 1;
    if (follows) run.last = port;
    else runs.push({ first: port, last: port });
  }
  return runs
    .map(({ first, last }) => {
      if (first === last) return portText(first);
      const ip = first.hostIp === "" ? "*" : first.hostIp;
      const range = (a: number, b: number): string => `${a}-${b}`;
      const published = range(first.publishedPort, last.publishedPort);
      return `${ip}:${published}->${range(first.targetPort, last.targetPort)}/${first.protocol}`;
    })
    .join(", ");
}
