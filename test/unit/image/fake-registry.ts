// A registry over node:http in this process, with the faults that real ones have.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { BuiltImage } from "../../../shared/image/build.ts";

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string;
  readonly range: string;
  readonly body: string;
}

/** Answers the request and returns true, or leaves it to the registry. */
export type Intercept = (request: FakeRequest, response: ServerResponse) => boolean;

export interface FakeRegistry {
  /** "127.0.0.1:PORT" */
  readonly host: string;
  readonly requests: FakeRequest[];
  readonly add: (path: string, tag: string, image: BuiltImage) => void;
  intercept: Intercept;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

export function refuse(response: ServerResponse, status: number, code: string, message: string): true {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
  return true;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
}

export async function startFakeRegistry(): Promise<FakeRegistry> {
  const manifests = new Map<string, { mediaType: string; bytes: Uint8Array; digest: string }>();
  const blobs = new Map<string, Uint8Array>();
  const requests: FakeRequest[] = [];

  const serve = (request: FakeRequest, response: ServerResponse): void => {
    const [, path = "", kind = "", name = ""] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(request.path) ?? [];
    if (kind === "manifests") {
      const manifest = manifests.get(`${path} ${name}`);
      if (manifest === undefined) {
        refuse(response, 404, "MANIFEST_UNKNOWN", "manifest unknown");
        return;
      }
      const { mediaType, digest, bytes } = manifest;
      response.writeHead(200, {
        "content-type": mediaType,
        "docker-content-digest": digest,
        "content-length": bytes.length,
      });
      response.end(request.method === "HEAD" ? undefined : bytes);
      return;
    }
    const blob = blobs.get(`${path} ${name}`);
    if (blob === undefined) {
      refuse(response, 404, "BLOB_UNKNOWN", "blob unknown to registry");
      return;
    }
    const start = Number(/^bytes=([0-9]+)-$/.exec(request.range)?.[1] ?? 0);
    const part = blob.subarray(start);
    const range = start > 0 ? { "content-range": `bytes ${start}-${blob.length - 1}/${blob.length}` } : {};
    response.writeHead(start > 0 ? 206 : 200, { "content-length": part.length, ...range });
    response.end(request.method === "HEAD" ? undefined : part);
  };

  const server: Server = createServer((incoming, response) => {
    void bodyOf(incoming).then((body) => {
      const request: FakeRequest = {
        method: incoming.method ?? "",
        path: incoming.url ?? "",
        authorization: incoming.headers.authorization ?? "",
        range: incoming.headers.range ?? "",
        body,
      };
      requests.push(request);
      if (!registry.intercept(request, response)) serve(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;

  const registry: FakeRegistry = {
    host: `127.0.0.1:${port}`,
    requests,
    intercept: () => false,
    add: (path, tag, image) => {
      for (const blob of image.blobs) blobs.set(`${path} ${blob.digest}`, blob.bytes);
      for (const manifest of [image.root, ...image.manifests]) manifests.set(`${path} ${manifest.digest}`, manifest);
      manifests.set(`${path} ${tag}`, image.root);
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return registry;
}
