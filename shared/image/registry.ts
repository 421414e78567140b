// A client for one repository of a registry (the OCI distribution API, v2).
//
// Every request goes through `#send`, which is where authentication, redirects and retries meet: at most one login per
// request (the first request has none, a later one may find its token expired), a handful of redirects, and a bounded
// number of repeats for 429, 5xx and broken connections. A token never leaves for another origin than the registry's own.
//
// What comes back is verified here where it is small (manifests, configs). Layers are handed on as they stream: whoever
// stores them hashes them anyway.
import type { Env } from "../env/env.ts";
import { SkepError } from "../errors.ts";
import { basicAuthorization, parseChallenges, parseToken, tokenRequest } from "./challenge.ts";
import type { RegistryCredentials } from "./credentials.ts";
import { sha256, verifyBytes } from "./digest.ts";
import { type HttpRequest, type HttpResponse, type HttpTransport, readBody, TransportError } from "./http.ts";
import { isInsecureRegistry } from "./insecure.ts";
import { type ContentDescriptor, MANIFEST_ACCEPT, MAX_MANIFEST_BYTES } from "./manifest.ts";
import { isOnThisHost } from "./reach.ts";
import { isDigest } from "./reference.ts";
import { isRetryable, registryError, registryWords, retryAfterMs } from "./registry-errors.ts";

const MAX_ATTEMPTS = 4;
const MAX_REDIRECTS = 5;
const RETRY_DELAY_MS = 250;
/** A registry that asks for more patience than this gets its words passed on instead. */
const MAX_RETRY_DELAY_MS = 5_000;
const MAX_ERROR_BYTES = 64 * 1024;
const MAX_TOKEN_BYTES = 256 * 1024;

export interface RegistryOptions {
  readonly env: Env;
  readonly transport: HttpTransport;
  /** Of the reference: "docker.io", "localhost:5000" */
  readonly host: string;
  /** "library/nginx" */
  readonly path: string;
  readonly credentials?: RegistryCredentials | undefined;
  readonly insecureRegistries: readonly string[];
  readonly access: "pull" | "push";
}

export interface FetchedManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

interface Wanted {
  readonly method: HttpRequest["method"];
  /** Below the registry's root ("/v2/…"), or a whole address (upload locations). */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpRequest["body"];
  readonly what: string;
  /** Statuses that are answers; every other one is an error. */
  readonly accept: readonly number[];
}

// Docker Hub's API lives on another name than its images carry.
const apiHost = (host: string): string => (host === "docker.io" ? "registry-1.docker.io" : host);

export class RegistryClient {
  readonly host: string;
  readonly path: string;
  readonly #options: RegistryOptions;
  readonly #base: URL;
  #authorization: string | undefined;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.host = options.host;
    this.path = options.path;
    const scheme = this.#isInsecure(options.host) ? "http" : "https";
    this.#base = new URL(`${scheme}://${apiHost(options.host)}/`);
  }

  /**
   * The manifest or index behind a tag or digest, verified.
   * @throws {SkepError} `not_found`, `unauthenticated`, `permission_denied`, `unavailable` with the registry's words;
   * `invalid_argument`: what came is not what was asked for.
   */
  async manifest(reference: string, signal: AbortSignal): Promise<FetchedManifest> {
    const what = this.#manifestName(reference);
    const response = await this.#send(
      {
        method: "GET",
        target: this.#v2(`manifests/${reference}`),
        headers: { accept: MANIFEST_ACCEPT.join(", ") },
        what,
        accept: [200],
      },
      signal,
    );
    const bytes = await readBody(response.body, MAX_MANIFEST_BYTES, what);
    const announced = response.header("docker-content-digest");
    if (isDigest(reference)) verifyBytes(bytes, reference, what);
    else if (announced !== undefined && isDigest(announced)) verifyBytes(bytes, announced, what);
    const digest = isDigest(reference) ? reference : sha256(bytes);
    return { digest, mediaType: response.header("content-type") ?? "", bytes };
  }

  /** The digest a tag stands for, without its content; undefined when the registry does not tell. */
  async manifestDigest(reference: string, signal: AbortSignal): Promise<string | undefined> {
    const response = await this.#send(
      {
        method: "HEAD",
        target: this.#v2(`manifests/${reference}`),
        headers: { accept: MANIFEST_ACCEPT.join(", ") },
        what: this.#manifestName(reference),
        accept: [200],
      },
      signal,
    );
    response.discard();
    const digest = response.header("docker-content-digest");
    return digest !== undefined && isDigest(digest) ? digest : undefined;
  }

  /** A small blob as a whole, verified. */
  async smallBlob(descriptor: ContentDescriptor, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    const what = `blob ${descriptor.digest} of ${this.path}`;
    const bytes = await readBody(this.blob(descriptor, 0, signal), maxBytes, what);
    verifyBytes(bytes, descriptor.digest, what);
    return bytes;
  }

  /**
   * Streams a blob from `offset` on. Not verified; its length is.
   * @throws {SkepError} `unavailable` when it ends early: go on from where it ended.
   */
  async *blob(descriptor: ContentDescriptor, offset: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const what = `blob ${descriptor.digest} of ${this.path}`;
    const headers: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
    const target = this.#v2(`blobs/${descriptor.digest}`);
    const response = await this.#send({ method: "GET", target, headers, what, accept: [200, 206] }, signal);
    const isPart = response.status === 206;
    if (isPart && !(response.header("content-range") ?? "").startsWith(`bytes ${offset}-`)) {
      response.discard();
      throw new SkepError("unavailable", `registry ${this.host} sent another part of ${what} than asked for`);
    }
    let at = isPart ? offset : 0;
    for await (const chunk of response.body) {
      const start = at;
      at += chunk.length;
      if (at > descriptor.size) {
        throw new SkepError(
          "invalid_argument",
          `${what} is longer than the ${descriptor.size} bytes its manifest tells`,
        );
      }
      if (at > offset) yield start >= offset ? chunk : chunk.subarray(offset - start);
    }
    if (at < descriptor.size) {
      throw new TransportError(`registry ${this.host} sent ${at} of ${descriptor.size} bytes of ${what}`, true);
    }
  }

  async hasBlob(digest: string, signal: AbortSignal): Promise<boolean> {
    const what = `blob ${digest} of ${this.path}`;
    const target = this.#v2(`blobs/${digest}`);
    const response = await this.#send({ method: "HEAD", target, what, accept: [200, 404] }, signal);
    response.discard();
    return response.status === 200;
  }

  /** Uploads a blob; a digest that is not known yet may be told after the data went through. */
  async uploadBlob(data: AsyncIterable<Uint8Array>, digest: () => string, signal: AbortSignal): Promise<void> {
    const what = `upload to ${this.path}`;
    const begin = { method: "POST", target: this.#v2("blobs/uploads/"), what, accept: [202] } as const;
    const started = await this.#send(begin, signal);
    started.discard();
    const patched = await this.#send(
      {
        method: "PATCH",
        target: this.#location(started, this.#base),
        headers: { "content-type": "application/octet-stream" },
        body: data,
        what,
        accept: [202],
      },
      signal,
    );
    patched.discard();
    const finish = this.#location(patched, this.#base);
    finish.searchParams.set("digest", digest());
    const done = await this.#send({ method: "PUT", target: finish, what, accept: [201, 204] }, signal);
    done.discard();
  }

  async putManifest(reference: string, mediaType: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const response = await this.#send(
      {
        method: "PUT",
        target: this.#v2(`manifests/${reference}`),
        headers: { "content-type": mediaType },
        body: bytes,
        what: this.#manifestName(reference),
        accept: [201, 202],
      },
      signal,
    );
    response.discard();
  }

  #manifestName(reference: string): string {
    return `image ${this.path}${isDigest(reference) ? "@" : ":"}${reference}`;
  }

  #v2(rest: string): string {
    return `/v2/${this.path}/${rest}`;
  }

  #isInsecure(host: string): boolean {
    return isInsecureRegistry(host, this.#options.insecureRegistries);
  }

  // A registry that the user has on his own machine may lead to others there, such as its token server.
  #whoNamed(url: URL): HttpRequest["namedBy"] {
    return url.host === this.#base.host || isOnThisHost(this.#base) ? "user" : "registry";
  }

  #location(response: HttpResponse, base: URL): URL {
    const location = response.header("location") ?? "";
    if (!URL.canParse(location, base.href)) {
      throw new SkepError("unavailable", `registry ${this.host} named no usable location: ${JSON.stringify(location)}`);
    }
    const url = new URL(location, base);
    const isHttp = url.protocol === "http:" && (this.#base.protocol === "http:" || this.#isInsecure(url.host));
    if (url.protocol !== "https:" && !isHttp) {
      throw new SkepError("unavailable", `registry ${this.host} leads to ${url.origin}, which is not HTTPS`);
    }
    return url;
  }

  // Repeats what may be repeated. A body that streams can be sent once only.
  async #send(wanted: Wanted, signal: AbortSignal): Promise<HttpResponse> {
    const { env } = this.#options;
    const isRepeatable = wanted.body === undefined || wanted.body instanceof Uint8Array;
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt >= MAX_ATTEMPTS || !isRepeatable;
      let delayMs = RETRY_DELAY_MS * 2 ** (attempt - 1) * (0.5 + env.random());
      try {
        const response = await this.#authorised(wanted, signal);
        if (wanted.accept.includes(response.status)) return response;
        const askedMs = retryAfterMs(response.header("retry-after")) ?? 0;
        if (isLast || !isRetryable(response.status) || askedMs > MAX_RETRY_DELAY_MS) {
          throw await this.#refusal(response, wanted.what);
        }
        response.discard();
        delayMs = Math.max(delayMs, askedMs);
      } catch (error) {
        if (isLast || !(error instanceof TransportError) || !error.transient) throw error;
      }
      await env.sleep(delayMs, signal);
    }
  }

  async #refusal(response: HttpResponse, what: string, host = this.host): Promise<SkepError> {
    let words = "";
    try {
      words = registryWords(
        await readBody(response.body, MAX_ERROR_BYTES, what),
        response.header("content-type") ?? "",
      );
    } catch {
      // The status alone has to do.
    }
    return registryError(response.status, host, what, words);
  }

  async #authorised(wanted: Wanted, signal: AbortSignal): Promise<HttpResponse> {
    const before = this.#authorization;
    const response = await this.#redirected(wanted, before, signal);
    if (response.status !== 401 || (wanted.body !== undefined && !(wanted.body instanceof Uint8Array))) return response;
    const header = response.header("www-authenticate") ?? "";
    if (header === "") return response;
    const authorization = await this.#login(header, before, response, wanted.what, signal);
    return authorization === undefined ? response : this.#redirected(wanted, authorization, signal);
  }

  // Undefined: there is nothing to log in with, the refusal stands.
  async #login(
    header: string,
    before: string | undefined,
    response: HttpResponse,
    what: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    // Another request of ours may have logged in meanwhile.
    if (this.#authorization !== before) {
      response.discard();
      return this.#authorization;
    }
    const { credentials } = this.#options;
    const challenges = parseChallenges(header);
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer !== undefined) {
      response.discard();
      const actions = this.#options.access === "push" ? "pull,push" : "pull";
      const request = tokenRequest(
        bearer,
        `repository:${this.path}:${actions}`,
        credentials,
        this.#base.protocol === "http:",
      );
      const body = request.body === "" ? undefined : new TextEncoder().encode(request.body);
      const answer = await this.#options.transport.request(
        { ...request, body, namedBy: this.#whoNamed(request.url) },
        signal,
      );
      if (answer.status !== 200) throw await this.#refusal(answer, `login for ${what}`);
      this.#authorization = `Bearer ${parseToken(await readBody(answer.body, MAX_TOKEN_BYTES, "the token"))}`;
      return this.#authorization;
    }
    const canBasic = challenges.some(({ scheme }) => scheme === "basic") && (credentials?.username ?? "") !== "";
    if (credentials === undefined || !canBasic) return undefined;
    const basic = basicAuthorization(credentials);
    if (basic === before) return undefined;
    response.discard();
    this.#authorization = basic;
    return basic;
  }

  async #redirected(wanted: Wanted, authorization: string | undefined, signal: AbortSignal): Promise<HttpResponse> {
    let url = new URL(wanted.target.toString(), this.#base);
    for (let redirects = 0; ; redirects++) {
      const headers: Record<string, string> = { ...wanted.headers };
      if (authorization !== undefined && url.origin === this.#base.origin) headers["authorization"] = authorization;
      const namedBy = this.#whoNamed(url);
      const request: HttpRequest = { method: wanted.method, url, namedBy, headers, body: wanted.body };
      const response = await this.#options.transport.request(request, signal);
      const isRedirect = [301, 302, 303, 307, 308].includes(response.status);
      if (!isRedirect || (wanted.method !== "GET" && wanted.method !== "HEAD")) return response;
      response.discard();
      if (redirects >= MAX_REDIRECTS) {
        throw new SkepError("unavailable", `registry ${this.host} redirects in circles at ${wanted.what}`);
      }
      url = this.#location(response, url);
    }
  }
}
