// How a host gets its first certificate. It knows a token and the addresses of managers; whom to trust is in the token: the
// digest of the root certificate. So it asks for the root over a connection that proves nothing, compares the digest, and
// from then on speaks only to managers that this root vouches for. The token's secret goes to nobody else.
import * as grpc from "@grpc/grpc-js";
import {
  CAService,
  type IssueCertificateResponse,
  newGetRootCARequest,
  newIssueCertificateRequest,
} from "../../proto/gen/ca.ts";
import type { NodeAvailability, NodeDescription } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { isCode, SkepError } from "../../shared/errors.ts";
import { parseJoinToken } from "../../shared/model/join-token.ts";
import { certificateDigest, certificatesOf, isVouchedFor, ROLE_NAME } from "../../shared/pki/certificate.ts";
import { type Identity, openIdentity } from "../../shared/pki/identity.ts";
import { newCertificateRequest } from "../../shared/pki/issue.ts";
import { newKeyPair, privateKeyToPem } from "../../shared/pki/keys.ts";
import { parseAddress } from "../../shared/rpc/address.ts";
import { unary } from "../../shared/rpc/client.ts";
import { CHANNEL_OPTIONS } from "../../shared/rpc/dialer.ts";
import { whatAnswers } from "../../shared/rpc/what-answers.ts";

const TIMEOUT_MS = 5_000;
/** Issuing waits for a commit, and for a leader if there is none at the moment. */
const ISSUE_TIMEOUT_MS = 15_000;
/** Certificates between a node's and a root, and roots, at most. There are one and two. */
const MAX_CHAIN = 4;

export interface Enrolment {
  readonly token: string;
  /** host:port of managers, tried in order. */
  readonly remoteAddrs: readonly string[];
  /** host:port where this node will answer. */
  readonly addr: string;
  readonly availability: NodeAvailability;
  readonly description: NodeDescription;
}

export interface Enrolled {
  readonly identity: Identity;
  readonly managers: readonly string[];
}

/**
 * @throws {SkepError} `invalid_argument`: not a token; `permission_denied`: another cluster's, or rotated; `unavailable`:
 * no manager answered, naming each address and why.
 */
export async function enroll(env: Pick<Env, "timer">, enrolment: Enrolment, signal: AbortSignal): Promise<Enrolled> {
  const { rootCaHash } = parseJoinToken(enrolment.token);
  if (enrolment.remoteAddrs.length === 0) {
    throw new SkepError("invalid_argument", "name a manager to join at, as HOST:PORT");
  }
  const failures: string[] = [];
  for (const manager of enrolment.remoteAddrs) {
    try {
      const rootPem = await fetchRoot(manager, rootCaHash, signal);
      return await requestFirst(manager, rootPem, enrolment, signal);
    } catch (cause) {
      signal.throwIfAborted();
      const error = SkepError.from(cause);
      // The cluster's answer, not a matter of the way to it: the next manager would say the same.
      if (!isUnreachable(error)) throw error;
      const found = await whatAnswers(env, parseAddress("manager address", manager));
      signal.throwIfAborted();
      failures.push(`${manager}: ${found ?? plainReason(error)}`);
    }
  }
  throw new SkepError("unavailable", `cannot reach a manager at ${failures.join("; ")}`);
}

const isUnreachable = (error: SkepError): boolean =>
  isCode(error, "unavailable") || isCode(error, "deadline_exceeded") || isCode(error, "unauthenticated");

/** grpc-js tells a failed connection at length; the end of it is what a person needs. */
export function plainReason(error: SkepError): string {
  if (error.code === "deadline_exceeded") return "no answer within seconds";
  const match = /Last error: (?:Error: )?(.*?)(?:\. Resolution note:.*)?$/s.exec(error.message);
  return match?.[1] ?? error.message;
}

async function withClient<T>(
  addr: string,
  credentials: grpc.ChannelCredentials,
  use: (client: grpc.Client) => Promise<T>,
): Promise<T> {
  const client = new grpc.Client(addr, credentials, {
    ...CHANNEL_OPTIONS,
    "grpc.ssl_target_name_override": ROLE_NAME.manager,
    "grpc.use_local_subchannel_pool": 1,
  });
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

/** The root certificate of the cluster at `addr`, if it is the one that the token names. */
async function fetchRoot(addr: string, digest: string, signal: AbortSignal): Promise<string> {
  const blind = grpc.credentials.createSsl(null, null, null, {
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  return await withClient(addr, blind, async (client) => {
    const { certificate } = await unary(client, CAService.getRootCA, newGetRootCARequest(), {
      signal,
      timeoutMs: TIMEOUT_MS,
    }).catch((error: unknown) => {
      const { code, message } = SkepError.from(error);
      if (code !== "unimplemented" && code !== "internal") throw error;
      throw new SkepError("unavailable", `what answers there is not a skep manager (${message})`, { cause: error });
    });
    const rootPem = Buffer.from(certificate).toString();
    if (certificateDigest(rootPem) !== digest) {
      throw new SkepError("permission_denied", `the join token is for another cluster than the one at ${addr}`);
    }
    return rootPem;
  });
}

async function requestFirst(
  manager: string,
  rootPem: string,
  enrolment: Enrolment,
  signal: AbortSignal,
): Promise<Enrolled> {
  const keys = newKeyPair();
  const request = newIssueCertificateRequest({
    csr: Buffer.from(newCertificateRequest(keys)),
    token: enrolment.token.trim(),
    availability: enrolment.availability,
    addr: enrolment.addr,
    description: enrolment.description,
  });
  const credentials = grpc.credentials.createSsl(Buffer.from(rootPem));
  const response = await withClient(manager, credentials, (client) =>
    unary(client, CAService.issueCertificate, request, { signal, timeoutMs: ISSUE_TIMEOUT_MS }),
  );
  const identity = openIdentity({
    certificatePem: Buffer.from(response.certificate).toString(),
    keyPem: privateKeyToPem(keys.privateKey),
    rootPem: rootsOf(response, rootPem),
  });
  return { identity, managers: response.managers };
}

/**
 * What a manager says to trust, as far as a root that is trusted already vouches for it: a manager's certificate outlives a
 * demotion, and whom to trust is not for everybody to say who has one. The rest is heard in the session.
 */
function rootsOf({ certificate, trustRoots }: IssueCertificateResponse, present: string): string {
  const chain = certificatesOf(Buffer.from(certificate).toString()).slice(1, 1 + MAX_CHAIN);
  const told = certificatesOf(Buffer.from(trustRoots).toString()).slice(0, MAX_CHAIN);
  const known = told.filter((root) => isVouchedFor(root, chain, present)).join("");
  return known === "" ? present : known;
}

/** A new certificate, with a new key, for a node that has a valid one. `client` shows the present certificate. */
export async function renew(client: grpc.Client, present: Identity, signal: AbortSignal): Promise<Identity> {
  const keys = newKeyPair();
  const response = await unary(
    client,
    CAService.issueCertificate,
    newIssueCertificateRequest({ csr: Buffer.from(newCertificateRequest(keys)) }),
    { signal, timeoutMs: ISSUE_TIMEOUT_MS },
  );
  const next = openIdentity({
    certificatePem: Buffer.from(response.certificate).toString(),
    keyPem: privateKeyToPem(keys.privateKey),
    rootPem: rootsOf(response, present.rootPem),
  });
  if (next.nodeId !== present.nodeId) throw new SkepError("internal", "the renewed certificate is for another node");
  return next;
}
