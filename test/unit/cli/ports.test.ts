import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePublish, parseUnpublish } from "../../../cli/parse/port.ts";
import { portText, servicePortsText } from "../../../cli/render/ports.ts";
import { newEndpoint, newPortConfig, newService, type PortConfig } from "../../../proto/gen/objects.ts";

const port = (fields: Partial<PortConfig>): PortConfig => newPortConfig(fields);

const GOOD: readonly (readonly [raw: string, ...ports: Partial<PortConfig>[]])[] = [
  ["80", { targetPort: 80 }],
  ["8080:80", { publishedPort: 8080, targetPort: 80 }],
  ["53:5353/udp", { publishedPort: 53, targetPort: 5353, protocol: "udp" }],
  ["9/SCTP", { targetPort: 9, protocol: "sctp" }],
  ["127.0.0.1:8080:80", { hostIp: "127.0.0.1", publishedPort: 8080, targetPort: 80 }],
  ["127.0.0.1::80", { hostIp: "127.0.0.1", targetPort: 80 }],
  ["[fd00::1]:8080:80", { hostIp: "fd00::1", publishedPort: 8080, targetPort: 80 }],
  ["8000-8001:80-81", { publishedPort: 8000, targetPort: 80 }, { publishedPort: 8001, targetPort: 81 }],
  ["8000-8001:80", { publishedPort: 8000, targetPort: 80 }, { publishedPort: 8001, targetPort: 80 }],
  ["80-81", { targetPort: 80 }, { targetPort: 81 }],
  ["target=80", { targetPort: 80 }],
  ["published=0,target=80", { targetPort: 80 }],
  [
    "published=8080,target=80,protocol=udp,mode=host",
    { publishedPort: 8080, targetPort: 80, protocol: "udp", publishMode: "host" },
  ],
  ["published=8080,target=80,host_ip=::1", { publishedPort: 8080, targetPort: 80, hostIp: "::1" }],
  ["published=8080,target=80,prefer-local", { publishedPort: 8080, targetPort: 80, preferLocal: true }],
  ["published=8080,target=80,prefer-local=false", { publishedPort: 8080, targetPort: 80 }],
  ["published=1-2,target=3-4", { publishedPort: 1, targetPort: 3 }, { publishedPort: 2, targetPort: 4 }],
];

for (const [raw, ...expected] of GOOD) {
  test(`--publish ${raw}`, () => assert.deepEqual(parsePublish(raw), expected.map(port)));
}

const BAD: readonly (readonly [raw: string, message: RegExp])[] = [
  ["", /target port "" is no number/],
  ["web", /target port "web" is no number and no range; write it like/],
  ["0:80", /published port 0 is not between 1 and 65535/],
  ["8080:65536", /target port 65536 is not between/],
  ["80:81-80", /target range 81-80 ends before it begins/],
  ["8000-8002:80-81", /ranges differ in length: 3 published and 2 target/],
  ["80/icmp", /Protocol "icmp" is not one of tcp, udp, sctp/],
  ["localhost:80:80", /"localhost" is no IP address/],
  ["published=80", /target is missing/],
  ["target=80,mode=local", /Mode "local" is not one of ingress, host/],
  ["target=80,publish=8080", /Unknown key "publish"/],
  ["target=80,prefer-local=maybe", /neither true nor false/],
];

for (const [raw, message] of BAD) {
  test(`--publish ${JSON.stringify(raw)} is refused`, () =>
    assert.throws(() => parsePublish(raw), { code: "invalid_argument", message }));
}

test("--publish-rm names a target port, of one protocol or all, and a published port when need be", () => {
  const ports = [
    port({ targetPort: 80, publishedPort: 8080 }),
    port({ targetPort: 80, publishedPort: 8081 }),
    port({ targetPort: 80, publishedPort: 8080, protocol: "udp" }),
  ];
  const kept = (raw: string) => ports.filter((one) => !parseUnpublish(raw)(one)).map(portText);
  assert.deepEqual(kept("80"), []);
  assert.deepEqual(kept("80/tcp"), ["*:8080->80/udp"]);
  assert.deepEqual(kept("8081:80"), ["*:8080->80/tcp", "*:8080->80/udp"]);
  assert.deepEqual(kept("443"), ports.map(portText));
  assert.throws(() => parseUnpublish("1:2:3"), { code: "invalid_argument" });
});

test("service ls shows what every node answers, ranges as one", () => {
  const ports = [
    port({ targetPort: 80, publishedPort: 8000 }),
    port({ targetPort: 81, publishedPort: 8001 }),
    port({ targetPort: 53, publishedPort: 8002, protocol: "udp" }),
    port({ targetPort: 22, publishedPort: 2222, publishMode: "host" }),
    port({ targetPort: 443, publishedPort: 8443, hostIp: "::1" }),
  ];
  const service = newService({ endpoint: newEndpoint({ ports }) });
  assert.equal(servicePortsText(service), "*:8000-8001->80-81/tcp, *:8002->53/udp, [::1]:8443->443/tcp");
});
