// What a host is told that joins at a port which is not skep's.
import assert from "node:assert/strict";
import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import { createServer as createTcp, type Server } from "node:net";
import { after, test } from "node:test";
import { enroll } from "../../../bin/daemon/enroll.ts";
import { newNodeDescription } from "../../../proto/gen/objects.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import { newJoinToken } from "../../../shared/model/join-token.ts";
import { certificateDigest } from "../../../shared/pki/certificate.ts";
import { createIdentityHolder } from "../../../shared/pki/identity.ts";
import { createDialer } from "../../../shared/rpc/dialer.ts";
import { whatAnswers } from "../../../shared/rpc/what-answers.ts";
import { id, testCluster, testServer } from "./cluster.ts";

const cluster = testCluster();
const { certificatePem: cert, keyPem: key } = cluster.identity(id<NodeId>("s"), "manager");
const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function closedPort(): Promise<number> {
  const server = createTcp();
  const port = await portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const OPENSSL = /error:|routines|\.c:\d|deps\/openssl/;

for (const [what, open, words] of [
  [
    "SSH",
    () => portOf(createTcp((socket) => socket.on("error", () => undefined).write("SSH-2.0-OpenSSH_9.2\r\n"))),
    /an SSH server answers there/,
  ],
  [
    "HTTP",
    () => portOf(createHttp((_request, response) => response.end("hello"))),
    /an HTTP server without TLS answers there/,
  ],
  [
    "HTTPS",
    () => portOf(createHttps({ cert, key }, (_request, response) => response.end("hello"))),
    /speaks TLS, but is no skep manager/,
  ],
  ["a program that hangs up", () => portOf(createTcp((socket) => socket.destroy())), /closes the connection at once/],
  [
    "a program that speaks something else",
    () => portOf(createTcp((socket) => socket.on("error", () => undefined).on("data", () => socket.write("what?")))),
    /does not speak TLS/,
  ],
  ["nobody", closedPort, /nothing listens there: is the skep daemon running/],
] as const) {
  test(`join where ${what} answers: it says so, and what to check`, async () => {
    const addr = `127.0.0.1:${await open()}`;
    const enrolment = {
      token: newJoinToken(certificateDigest(cluster.root.certificatePem), realEnv.random),
      remoteAddrs: [addr],
      addr: "127.0.0.1:1",
      availability: "active",
      description: newNodeDescription(),
    } as const;
    const error: unknown = await enroll(realEnv, enrolment, AbortSignal.timeout(60_000)).catch(
      (cause: unknown) => cause,
    );
    assert.ok(error instanceof SkepError);
    assert.equal(error.code, "unavailable");
    assert.ok(error.message.startsWith(`cannot reach a manager at ${addr}: `), error.message);
    assert.match(error.message, words);
    assert.match(error.message, /check the address and the port \(skep's is 7377/);
    assert.doesNotMatch(error.message, OPENSSL);
  });
}

test("a raft stream to a port that is not skep's says so as well", async () => {
  const port = await portOf(createHttp((_request, response) => response.end("hello")));
  const dialer = createDialer(createIdentityHolder(cluster.identity(id<NodeId>("a"), "manager")));
  const opened = dialer.openRaftStream(`127.0.0.1:${port}`, AbortSignal.timeout(60_000));
  await assert.rejects(opened, /does not speak TLS answers there/);
  dialer.close();
});

test("a skep manager is not blamed", async () => {
  const server = await testServer(cluster, cluster.identity(id<NodeId>("s"), "manager"));
  const port = Number(server.addr.split(":")[1]);
  assert.equal(await whatAnswers(realEnv, { host: "127.0.0.1", port }), undefined);
  await server.close();
});

test("what takes a connection and says nothing", async () => {
  let isTaken = false;
  const port = await portOf(
    createTcp(() => {
      isTaken = true;
    }),
  );
  /** Runs out as soon as the connection stands. */
  const timer = (_ms: number, callback: () => void) => {
    const waiting = setInterval(() => {
      if (!isTaken) return;
      clearInterval(waiting);
      setImmediate(() => setImmediate(callback));
    }, 1);
    return { cancel: () => clearInterval(waiting) };
  };
  const found = await whatAnswers({ timer }, { host: "127.0.0.1", port });
  assert.match(found ?? "", /says nothing/);
});
