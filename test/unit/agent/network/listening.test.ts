import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import {
  likelyPorts,
  listeningIn,
  noneListening,
  notListening,
  readListening,
} from "../../../../agent/network/listening.ts";
import {
  newContainerSpec,
  newNetworkAttachment,
  newPortConfig,
  newTask,
  newTaskSpec,
  type Task,
} from "../../../../proto/gen/objects.ts";
import type { NetworkId } from "../../../../shared/model/ids.ts";

const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const TCP = `${HEAD}   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2
   2: 0300000A:1F91 0400000A:C350 01 00000000:00000000 00:00000000 00000000     0        0 3
`;
const TCP6 = `${HEAD}   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4
   1: 00000000000000000000000001000000:0051 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 5
   2: 0000000000000000FFFF00000100007F:0052 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 8
`;
const UDP = `${HEAD}   0: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 6
   1: 0300000A:9C40 0400000A:0035 01 00000000:00000000 00:00000000 00000000     0        0 7
`;

test("who takes connections from outside: not on loopback, not connections, not connected sockets", () => {
  assert.deepEqual(listeningIn("tcp", TCP), ["tcp/8080"]);
  assert.deepEqual(listeningIn("tcp", TCP6), ["tcp/443"]);
  assert.deepEqual(listeningIn("udp", UDP), ["udp/53"]);
  assert.deepEqual(listeningIn("tcp", ""), []);
  assert.deepEqual(listeningIn("tcp", `${HEAD}nonsense\n: : :\n`), []);
});

test("what is still awaited", () => {
  const ports = [newPortConfig({ targetPort: 80 }), newPortConfig({ targetPort: 53, protocol: "udp" })];
  assert.deepEqual(notListening(ports, new Set(["tcp/80"] as const)), [ports[1]]);
});

const NETWORK = newNetworkAttachment({ networkId: "net" as NetworkId, addresses: ["10.0.9.3"] });
const likely: readonly (readonly [what: string, change: Partial<Task>, command: string[], want: readonly string[]])[] =
  [
    ["at what the image exposes", { attachments: [NETWORK] }, [], ["8080/tcp", "53/udp"]],
    ["nowhere, on no network of others", { attachments: [] }, [], []],
    ["nowhere, where it runs another program", { attachments: [NETWORK] }, ["sleep"], []],
  ];
for (const [what, change, command, want] of likely) {
  test(`where a task that publishes nothing is likely asked: ${what}`, () => {
    const spec = newTaskSpec({ containerSpec: newContainerSpec({ image: "web", command }) });
    const ports = likelyPorts(newTask({ ...change, spec }), ["8080/tcp", "53/udp", "9/sctp"]);
    assert.deepEqual(
      ports.map(({ targetPort, protocol }) => `${targetPort}/${protocol}`),
      want,
    );
  });
}

test("of ports that an image exposes one is enough", () => {
  const ports = [newPortConfig({ targetPort: 80 }), newPortConfig({ targetPort: 443 })];
  assert.deepEqual(noneListening(ports, new Set(["tcp/22"] as const)), ports);
  assert.deepEqual(noneListening(ports, new Set(["tcp/443"] as const)), []);
});

test("a server of this process is seen, and one that has closed is not", async (t) => {
  const server = createServer();
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  assert.ok((await readListening(process.pid)).has(`tcp/${address.port}`));
  await new Promise((resolve) => server.close(resolve));
  assert.ok(!(await readListening(process.pid)).has(`tcp/${address.port}`));
  assert.deepEqual(await readListening(2 ** 30), new Set());
});
