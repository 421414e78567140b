import type { Node, NodeDescription } from "../../proto/gen/objects.ts";
import { TLS_STATUS } from "../render/tls.ts";
import { type Fields, list, map, meta, object, text, when, yes } from "./fields.ts";
import { resources } from "./resources.ts";

const description = (value: NodeDescription): Fields =>
  object({
    Hostname: value.hostname,
    Platform: { Architecture: value.platform?.architecture ?? "", OS: value.platform?.os ?? "" },
    Resources: resources(value.resources),
    Engine:
      value.engine === undefined
        ? undefined
        : object({
            EngineVersion: value.engine.engineVersion,
            Labels: map(value.engine.labels),
            Runtime: text(value.engine.runtime),
          }),
    TLSInfo: value.tls === undefined ? undefined : { Issuer: value.tls.issuer, TrustRoots: [...value.tls.trustRoots] },
  });

export const nodeJson = (value: Node): Fields =>
  object({
    ID: value.id,
    ...meta(value.meta),
    Spec:
      value.spec === undefined
        ? undefined
        : object({
            Name: text(value.spec.name),
            Labels: value.spec.labels,
            Role: value.spec.role,
            Availability: value.spec.availability,
          }),
    Role: value.role,
    Description: value.description === undefined ? undefined : description(value.description),
    Status: object({
      State: value.status?.state ?? "unknown",
      Message: text(value.status?.message ?? ""),
      Addr: value.status?.addrs[0] ?? "",
      Addrs: list(value.status?.addrs ?? []),
      ChangedAt: when(value.status?.changedAtMs ?? 0),
    }),
    ManagerStatus:
      value.managerStatus === undefined
        ? undefined
        : object({
            Leader: yes(value.managerStatus.leader),
            Reachability: value.managerStatus.reachability,
            Addr: value.managerStatus.addr,
          }),
    Addr: text(value.addr),
    TLSStatus: TLS_STATUS[value.tlsStatus],
  });
