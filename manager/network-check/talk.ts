// A node's side of a check over its port: one stream, one answer to each command.
import type * as grpc from "@grpc/grpc-js";
import { AgentService, newProbeCommand, type ProbeAnswer, type ProbeCommand } from "../../proto/gen/agent.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import { type Duplex, duplex } from "../../shared/rpc/client.ts";
import { connected } from "../api/connected.ts";
import type { ProbeTalk } from "./run.ts";

const CONNECT_LIMIT_MS = 3_000;

type Kind = NonNullable<ProbeAnswer["answer"]>["kind"];
type Answer<K extends Kind> = Extract<NonNullable<ProbeAnswer["answer"]>, { readonly kind: K }>;

export function talkOver(client: grpc.Client, env: Env, signal: AbortSignal): ProbeTalk {
  let stream: Duplex<ProbeCommand, ProbeAnswer> | undefined;
  let answers: AsyncIterator<ProbeAnswer> | undefined;

  const ask = async <K extends Kind>(command: NonNullable<ProbeCommand["command"]>, kind: K): Promise<Answer<K>> => {
    if (stream === undefined) {
      await connected(client, env, CONNECT_LIMIT_MS, signal);
      stream = duplex(client, AgentService.probeNetwork, { signal });
      answers = stream.messages[Symbol.asyncIterator]();
    }
    stream.send(newProbeCommand({ command }));
    const next = await answers?.next();
    const answer = next === undefined || next.done === true ? undefined : next.value.answer;
    if (isOf(answer, kind)) return answer;
    throw new SkepError("internal", "the node answered what it was not asked");
  };
  return {
    prepare: (request) => ask({ kind: "prepare", ...request }, "ready"),
    send: () => ask({ kind: "send" }, "sent"),
    collect: () => ask({ kind: "collect" }, "arrived"),
    end: () => {
      stream?.end();
      stream?.cancel();
    },
  };
}

const isOf = <K extends Kind>(answer: ProbeAnswer["answer"], kind: K): answer is Answer<K> => answer?.kind === kind;
