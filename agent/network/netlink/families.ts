// Whether this kernel's nf_tables has rules for what passes a bridge. Only making a table tells: a kernel that has no such family
// lists no tables of it, and no error. The table is made and taken away in one transaction, so nobody ever sees it.
import { attribute, encodeRequest, FLAGS, string } from "./attributes.ts";
import type { Connection } from "./connection.ts";
import { hasErrno } from "./libc.ts";

const [BEGIN, END, SUBSYSTEM] = [0x10, 0x11, 10];
const [NEW_TABLE, DELETE_TABLE] = [0xa00, 0xa02];
const BRIDGE = 7;

/** @param connection of netfilter. @throws {SystemError} it cannot be told. */
export function hasBridgeRules(connection: Connection): boolean {
  const message = (sequence: number, type: number, flags: number, family: number, resource = 0): Buffer => {
    const name = resource === 0 ? [attribute(1, string("skep-question"))] : [];
    return encodeRequest({ type, flags, body: [Buffer.from([family, 0, 0, resource]), ...name] }, sequence);
  };
  const batch = [
    message(0, BEGIN, 0, 0, SUBSYSTEM),
    message(1, NEW_TABLE, FLAGS.create | FLAGS.ack, BRIDGE),
    message(2, DELETE_TABLE, FLAGS.ack, BRIDGE),
    message(3, END, 0, 0, SUBSYSTEM),
  ];
  try {
    connection.transact(Buffer.concat(batch), 2);
    return true;
  } catch (error) {
    if (hasErrno(error, "EOPNOTSUPP") || hasErrno(error, "EAFNOSUPPORT")) return false;
    throw error;
  }
}
