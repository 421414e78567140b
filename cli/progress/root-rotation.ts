// `swarm ca --rotate`: how many nodes have followed to the new root, and which have not.
import type { Cluster, Node } from "../../proto/gen/objects.ts";
import { isCode } from "../../shared/errors.ts";
import { oneLine } from "../../shared/safe-text.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../usage-error.ts";

const LOOK_EVERY_MS = 300;
const MAX_NAMES = 5;

export interface RotationView {
  readonly done: boolean;
  readonly lines: readonly string[];
}

/** Pure. @param digest of the root that the rotation leads to. */
export function rotationView(cluster: Cluster, nodes: readonly Node[], digest: string): RotationView {
  const counted = nodes.filter((node) => node.status?.state !== "disconnected");
  const certified = counted.filter((node) => node.description?.tls?.issuer === digest).length;
  const trusting = counted.filter((node) => node.description?.tls?.trustRoots.includes(digest) === true).length;
  const late = counted.filter(({ description }) => {
    return description?.tls?.issuer !== digest || !description.tls.trustRoots.includes(digest);
  });
  const done = cluster.rootCa?.rotation === undefined;
  const of = counted.length;
  return {
    done,
    lines: [
      `desired root digest: sha256:${digest}`,
      `  rotated TLS certificates: ${done ? of : certified}/${of} nodes`,
      `  rotated CA certificates:  ${done ? of : trusting}/${of} nodes`,
      ...(done || late.length === 0
        ? []
        : [
            `  waiting for ${late.slice(0, MAX_NAMES).map(named).join(", ")}${late.length > MAX_NAMES ? ` and ${late.length - MAX_NAMES} more` : ""}`,
          ]),
    ],
  };
}

/** A node that is down holds the end up until it is back, or removed. */
function named({ id, description, status }: Node): string {
  const name = oneLine(description?.hostname || id);
  const state = status?.state ?? "unknown";
  return state === "ready" ? name : `${name} (${state})`;
}

/** Until the old root is gone. @returns the exit status: interrupted leaves the rotation to go on. */
export async function waitForRotation(
  { env, signal, terminal, connect }: CommandContext,
  { digest, quiet }: { readonly digest: string; readonly quiet: boolean },
): Promise<number> {
  let drawn: readonly string[] = [];
  const draw = (lines: readonly string[]): void => {
    if (quiet || lines.join("\n") === drawn.join("\n")) return;
    const isFirst = drawn.length === 0;
    if (terminal.isTty) terminal.redraw(drawn.length, lines);
    else {
      const news = isFirst ? lines : lines.filter((line) => !drawn.includes(line));
      if (news.length > 0) terminal.out(`${news.join("\n")}\n`);
    }
    drawn = lines;
  };
  try {
    for (;;) {
      try {
        const { control } = await connect(); // anew, when the daemon was started again
        const [cluster, { nodes }] = await Promise.all([control.getCluster({}), control.listNodes({ filters: [] })]);
        const view = rotationView(cluster, nodes, digest);
        draw(view.lines);
        if (view.done) return EXIT.ok;
      } catch (error) {
        if (!isCode(error, "unavailable") || signal.aborted) throw error; // a leader change takes a second or two
      }
      await env.sleep(LOOK_EVERY_MS, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    terminal.err(
      "Operation continuing in background.\nUse `skep swarm ca` and `skep node ls --format '{{.Hostname}} {{.TLSStatus}}'` to check progress.\n",
    );
    return EXIT.interrupted;
  }
}
