// The kernel's table of connections in a namespace: what was turned where, and taking entries out. Numbers are those of
// linux/netfilter/nfnetlink_conntrack.h. To read the table is to go through that of the whole host, some 5 ms on a large one.
import { attribute, nested, type Request, readAttributes, string, u8 } from "./attributes.ts";
import type { Connection } from "./connection.ts";

const GET = 0x101;
const DELETE = 0x102;
const GET_SET_ELEMENTS = 0xa0d;
const INET = 1;
const FAMILY = { 4: 2, 6: 10 } as const;
const FLOW = { original: 1, reply: 2, id: 12 };
const TUPLE = { ip: 1, protocol: 2 };
const IP = { source4: 1, destination4: 2, source6: 3, destination6: 4 };
const PROTOCOL_NUMBER = 1;
const SET = { table: 1, set: 2, elements: 3 };
const FIXED_BYTES = 4;

export interface Flow {
  /** Where the client believes that it talks to; hexadecimal digits. */
  readonly asked: string;
  /** Who answers in truth: another one for a connection that was turned. */
  readonly answering: string;
  /** Of IP. */
  readonly protocol: number;
}

/** What takes those flows out that are chosen. Of the others, which may be some hundred thousand, nothing is kept. */
export function removalsOf(
  connection: Connection,
  family: 4 | 6,
  isChosen: (flow: Flow) => boolean,
): readonly Request[] {
  return connection.dumpOf({ type: GET, flags: 0, body: [header(FAMILY[family])] }, ({ body }) => {
    const attributes = readAttributes(body.subarray(FIXED_BYTES));
    const original = attributes.get(FLOW.original);
    const reply = attributes.get(FLOW.reply);
    if (original === undefined || reply === undefined) return undefined;
    const { source, protocol } = tupleOf(reply);
    if (!isChosen({ asked: tupleOf(original).destination, answering: source, protocol })) return undefined;
    const id = attributes.get(FLOW.id);
    const key = [nested(FLOW.original, original), ...(id === undefined ? [] : [attribute(FLOW.id, id)])];
    return { type: DELETE, flags: 0, body: [header(FAMILY[family]), ...key] };
  });
}

const header = (family: number): Buffer => Buffer.concat([u8(family), u8(0), u8(0), u8(0)]);

const NOTHING = Buffer.alloc(0);

function tupleOf(bytes: Buffer) {
  const tuple = readAttributes(bytes);
  const ip = readAttributes(tuple.get(TUPLE.ip) ?? NOTHING);
  const protocol = readAttributes(tuple.get(TUPLE.protocol) ?? NOTHING);
  return {
    source: (ip.get(IP.source4) ?? ip.get(IP.source6) ?? NOTHING).toString("hex"),
    destination: (ip.get(IP.destination4) ?? ip.get(IP.destination6) ?? NOTHING).toString("hex"),
    protocol: protocol.get(PROTOCOL_NUMBER)?.[0] ?? 0,
  };
}

/** Whether a set of nf_tables has any element. @throws {SystemError} ENOENT when there is no such set. */
export function hasElements(connection: Connection, table: string, set: string): boolean {
  const body = [header(INET), attribute(SET.table, string(table)), attribute(SET.set, string(set))];
  return connection
    .dump({ type: GET_SET_ELEMENTS, flags: 0, body })
    .some(({ body: answer }) => (readAttributes(answer.subarray(FIXED_BYTES)).get(SET.elements)?.length ?? 0) > 0);
}
