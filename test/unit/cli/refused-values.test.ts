// What can be refused when it is said is refused then, by the name of the flag, before the cluster is asked: a row for each flag.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SPEC_FLAGS } from "../../../cli/service/flags.ts";
import { skep } from "./harness.ts";

type Rows = Readonly<Record<string, readonly (readonly [value: string, says: RegExp])[]>>;

const notANumber: Rows[string] = [
  ["-1", /whole number/],
  ["1.5", /whole number/],
  ["many", /whole number/],
];
const notATime: Rows[string] = [
  ["-1s", /negative/],
  ["5 apples", /Not a duration/],
  ["10", /unit is missing/],
  ["876001h", /100 years/],
];
const notCpus: Rows[string] = [
  ["half", /number of CPUs/],
  ["0.0009", /at least 0\.001/],
  ["70000", /at most 65536/],
];
const notMemory: Rows[string] = [
  ["64q", /Not a size/],
  ["4194303", /at least 4MiB/],
];
const notALabel: Rows[string] = [["=x", /key is missing/]];

/** Of `service create`; a list's --NAME-add takes and refuses the same. */
const SPEC: Rows = {
  name: [
    ["-web", /only letters/],
    ["web.1", /only letters/],
    ["a".repeat(64), /longer than 63/],
  ],
  mode: [["replicated-job", /Allowed values/]],
  replicas: [...notANumber, ["100001", /from 0 to 100000/]],
  label: notALabel,
  constraint: [
    ["node.role", /expected one operator/],
    ["node.lables.x==1", /keys are node\.id/],
    ["node.role==master", /manager or worker/],
    ["node.ip==10.0.0.256", /neither an IP/],
    ["node.labels.a==", /value '' is invalid/],
  ],
  "placement-pref": [
    ["zone", /spread/],
    ["spread=zone", /node\.labels\.LABEL/],
  ],
  "replicas-max-per-node": [...notANumber, ["4294967296", /to 4294967295/]],
  "reserve-cpu": notCpus,
  "limit-cpu": notCpus,
  "reserve-memory": notMemory,
  "limit-memory": notMemory,
  "generic-resource": [["gpu", /KIND=AMOUNT/]],
  "limit-pids": [...notANumber, ["4194305", /to 4194304/]],
  "restart-condition": [["always", /any, on-failure, none/]],
  "restart-delay": notATime,
  "restart-window": notATime,
  "restart-max-attempts": [...notANumber, ["4294967296", /to 4294967295/]],
  ...Object.fromEntries(
    ["update", "rollback"].flatMap((which) => [
      [`${which}-parallelism`, notANumber],
      [`${which}-delay`, notATime],
      [`${which}-monitor`, notATime],
      [`${which}-order`, [["first", /stop-first, start-first/]]],
      [`${which}-failure-action`, [["retry", /pause, continue/]]],
      [
        `${which}-max-failure-ratio`,
        [
          ["1.1", /0 to 1/],
          ["50%", /0 to 1/],
        ],
      ],
    ]),
  ),
  publish: [
    ["80x", /no number/],
    ["0:80", /between 1 and 65535/],
    ["80:65536", /between 1 and 65535/],
    ["1-2:1-3", /./],
    ["80/icmp", /tcp, udp, sctp/],
    ["published=80,target=80,mode=local", /ingress, host/],
    ["published=80", /target is missing/],
    ["300.0.0.1:80:80", /no IP address/],
  ],
  "endpoint-mode": [["round-robin", /vip, dnsrr/]],
  hostname: [
    ["a".repeat(65), /64 at most/],
    ["a b", /not a host's name/],
    ["-a", /not a host's name/],
  ],
  host: [
    ["db", /HOST:IP/],
    ["db:10.0.0.256", /HOST:IP/],
    [":10.0.0.1", /name is missing/],
    ["a b:10.0.0.1.", /HOST:IP/],
  ],
  dns: [
    ["dns.local", /not an IP address/],
    ["0.0.0.0", /no server/],
    ["224.0.0.1", /a group/],
    ["ff02::1", /a group/],
  ],
  "dns-search": [
    ["a b", /not a domain/],
    ["a..b", /not a domain/],
  ],
  "dns-option": [
    ["ndot:2", /no option "ndot:2"; there are ndots:N/],
    ["ndots", /no option/],
    ["rotate:1", /no option/],
    ["ndots:2 debug", /no option/],
  ],
  image: [["UPPER/Case:tag", /UPPER\/Case/]],
  entrypoint: [["'open", /not closed/]],
  args: [["'open", /not closed/]],
  "container-label": notALabel,
  mount: [
    ["type=bind,source=/a", /target is missing/],
    ["type=bind,source=/a,target=b", /absolute path/],
    ["type=bind,source=/a,target=/b/..", /must not be \//],
    ["type=bind,source=a,target=/b", /absolute path/],
    ["type=bind,target=/b", /needs a source/],
    ["type=tmpfs,target=/proc/sys", /inside of \/proc/],
    [`type=tmpfs,target=/${"a".repeat(256)}`, /255 bytes/],
    ["type=tmpfs,source=/a,target=/b", /no source/],
    ["type=tmpfs,target=/b,tmpfs-mode=8", /octal/],
    ["type=tmpfs,target=/b,tmpfs-mode=10000", /octal/],
    ["type=tmpfs,target=/b,tmpfs-size=1x", /Not a size/],
    ["type=bind,source=/a,target=/b,bind-propagation=up", /private, rprivate/],
    ["type=nfs,target=/b", /bind, volume, tmpfs/],
    ["type=tmpfs,target=/b,colour=red", /Unknown key/],
  ],
  user: [
    ["a:b:c", /more than one colon/],
    ["2147483648", /from 0 to 2147483647/],
    ["-1", /from 0 to/],
    ["a b", /neither a name nor a number/],
    ["1000:", /neither a name nor a number/],
  ],
  group: [
    ["a:b", /neither a name nor a number/],
    ["", /neither a name nor a number/],
    ["2147483648", /from 0 to 2147483647/],
  ],
  workdir: [["app", /absolute path/]],
  "stop-signal": [
    ["SIGTREM", /not a signal/],
    ["65", /not a signal/],
    ["SIGRTMAX+1", /not a signal/],
  ],
  "stop-grace-period": notATime,
  "health-interval": notATime,
  "health-timeout": notATime,
  "health-start-period": notATime,
  "health-start-interval": notATime,
  "health-retries": notANumber,
  "cap-add": [["NOPE", /no such capability/]],
  "cap-drop": [["CAP_NOPE", /no such capability/]],
  sysctl: [
    ["net.core.somaxconn", /KEY=VALUE/],
    ["foo=1", /not a name like/],
    ["vm.swappiness=1", /would change the node/],
    ["kernel.panic=1", /would change the node/],
  ],
  ulimit: [
    ["foo=1", /no resource limit "foo"/],
    ["nofile=2:1", /above the hard/],
    ["nofile=-1:1", /above the hard/],
    ["nofile=-2", /NAME=SOFT/],
    ["nofile", /NAME=SOFT/],
    [`nofile=${"9".repeat(17)}`, /not a limit/],
  ],
  "oom-score-adj": [
    ["1001", /-1000 to 1000/],
    ["-1001", /-1000 to 1000/],
  ],
  "log-driver": [["syslog", /no log driver "syslog"; there are json-file, local, none/]],
  "log-opt": [
    ["max-size", /KEY=VALUE/],
    ["max-sise=1m", /no option "max-sise"/],
    ["max-size=big", /not a size/],
    ["max-file=0", /not a number/],
    ["compress=maybe", /neither true nor false/],
    ["mode=fast", /neither blocking/],
  ],
};

/** Any text is right. */
const ANY = ["health-cmd"];

const baseOf = (name: string): string => name.replace(/-(add|rm)$/, "");
const isList = (name: string): boolean => SPEC_FLAGS.some((flag) => flag.name === `${name}-rm`);

test("every flag with a value has its row", () => {
  const names = SPEC_FLAGS.filter(({ value, name }) => value !== undefined && !name.endsWith("-rm")).map(({ name }) =>
    isList(baseOf(name)) ? baseOf(name) : name,
  );
  const missing = [...new Set(names)].filter((name) => !Object.hasOwn(SPEC, name) && !ANY.includes(name));
  assert.deepEqual(missing, []);
});

async function refused(argv: readonly string[], flag: string, says: RegExp): Promise<void> {
  const { status, err } = await skep(argv);
  assert.equal(status, 2, err);
  assert.ok(err.includes(`--${flag}`), err);
  assert.match(err, says);
}

for (const [name, rows] of Object.entries(SPEC)) {
  for (const [value, says] of rows) {
    const shown = value.length > 40 ? `${value.slice(0, 40)}…` : value;
    const flags = SPEC_FLAGS.filter((flag) => flag.name === name || (isList(name) && flag.name === `${name}-add`));
    test(`refused when it is said: --${name} ${shown}`, async () => {
      assert.ok(flags.length > 0);
      for (const flag of flags) {
        if (flag.on !== "update")
          await refused(["service", "create", `--${flag.name}=${value}`, "img"], flag.name, says);
        if (flag.on !== "create")
          await refused(["service", "update", `--${flag.name}=${value}`, "web"], flag.name, says);
      }
    });
  }
}

const others: readonly (readonly [argv: readonly string[], flag: string, says: RegExp])[] = [
  [["service", "create", "-e", "=x", "img"], "env", /name is missing/],
  [["service", "update", "--env-add", "=x", "web"], "env-add", /name is missing/],
  [["service", "create", "--env-file", "/none", "img"], "env-file", /no such file/],
  [["service", "create", "--network", "", "img"], "network", /name is missing/],
  [["service", "create", "--network", "name=web,colour=red", "img"], "network", /Unknown/],
  [["network", "create", "--driver", "bridge", "front"], "driver", /Allowed values: overlay/],
  [["network", "create", "--opt", "mtu=1400", "front"], "opt", /unknown; there are com\.docker/],
  [["network", "create", "--opt", "com.docker.network.driver.mtu=67", "front"], "opt", /from 68 to 65535/],
  [["network", "create", "--label", "=x", "front"], "label", /key is missing/],
  [["network", "create", "--scope", "local", "front"], "scope", /Allowed values: swarm/],
  [["network", "create", "--subnet", "10.0.0.0/33", "front"], "subnet", /not a subnet/],
  [["network", "create", "--gateway", "10.0.0.1", "front"], "gateway", /needs a --subnet/],
  [
    ["network", "create", "--subnet", "10.1.0.0/24", "--ip-range", "10.2.0.0/24", "front"],
    "ip-range",
    /lies in no --subnet/,
  ],
  ...(["init", "update"] as const).flatMap((verb) =>
    (
      [
        ["snapshot-interval", "0", /from 1 to/],
        ["task-history-limit", "1000001", /from -1 to 1000000/],
        ["dispatcher-heartbeat", "11", /unit is missing/],
        ["node-suspect-after", "-1s", /negative/],
        ["node-down-after", "soon", /Not a duration/],
        ["cert-expiry", "90d", /Not a duration/],
      ] as const
    ).map(([flag, value, says]) => [["swarm", verb, `--${flag}=${value}`], flag, says] as const),
  ),
  [["swarm", "init", "--data-path-port", "80"], "data-path-port", /from 1024 to 49151/],
  [["swarm", "init", "--default-addr-pool-mask-length", "30"], "default-addr-pool-mask-length", /from 1 to 29/],
  [["swarm", "init", "--availability", "asleep"], "availability", /active, pause, drain/],
  [["swarm", "join", "--token", "x", "--availability", "asleep", "a"], "availability", /active, pause, drain/],
  [["node", "update", "--availability", "asleep", "node1"], "availability", /active, pause, drain/],
  [["node", "update", "--role", "master", "node1"], "role", /worker, manager/],
  [["node", "update", "--label-add", "=x", "node1"], "label-add", /key is missing/],
];
for (const [argv, flag, says] of others) {
  test(`refused when it is said: ${argv.join(" ")}`, () => refused(argv, flag, says));
}

test("service scale refuses what no service can be", async () => {
  const { status, err } = await skep(["service", "scale", "web=100001"]);
  assert.equal(status, 2);
  assert.match(err, /from 0 to 100000/);
});

test("service scale refuses two numbers for one service", async () => {
  const { status, err } = await skep(["service", "scale", "web=1", "api=1", "web=2"]);
  assert.equal(status, 2);
  assert.match(err, /web is there twice/);
});

test("what is wrong in an env file is told with the flag, the file and the line", async () => {
  for (const [text, says] of [
    ["A=1\n=x\n", /--env-file \/f line 2: the variable's name is missing/],
    ["A B=1\n", /--env-file \/f line 1: variable "A B" contains white space/],
  ] as const) {
    const { status, err } = await skep(["service", "create", "--env-file", "/f", "img"], { files: { "/f": text } });
    assert.equal(status, 2);
    assert.match(err, says);
  }
});
