// Who a container runs as. Names are those of the image: its /etc/passwd and /etc/group are read from the root file system
// (rootfs-files.ts) and given here as text. The rules are Docker's.
import { SkepError } from "../../../../shared/errors.ts";
import type { OciUser } from "./oci.ts";

export interface ResolvedUser extends OciUser {
  readonly home: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

const MAX_ID = 2 ** 31 - 1;

function idOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= MAX_ID ? id : undefined;
}

function* fieldsOf(text: string): Generator<string[]> {
  for (const line of text.split("\n")) {
    const trimmed = line.trim();
    if (trimmed !== "" && !trimmed.startsWith("#")) yield trimmed.split(":");
  }
}

function parsePasswd(text: string): PasswdEntry[] {
  const entries: PasswdEntry[] = [];
  for (const [name = "", , rawUid, rawGid, , home = ""] of fieldsOf(text)) {
    const uid = idOf(rawUid);
    const gid = idOf(rawGid);
    if (uid !== undefined && gid !== undefined) entries.push({ name, uid, gid, home });
  }
  return entries;
}

function parseGroup(text: string): GroupEntry[] {
  const entries: GroupEntry[] = [];
  for (const [name = "", , rawGid, members = ""] of fieldsOf(text)) {
    const gid = idOf(rawGid);
    if (gid !== undefined) entries.push({ name, gid, members: members.split(",").filter((member) => member !== "") });
  }
  return entries;
}

/**
 * @param user name, uid, name:group, uid:gid; empty is root. A number is an id, also where a name looks like it.
 * @param groups names or gids of additional groups
 * @param passwd the image's /etc/passwd, empty when it has none
 * @throws {SkepError} `invalid_argument`: the name is not in the image, or a number is out of range.
 */
export function resolveUser(user: string, groups: readonly string[], passwd: string, group: string): ResolvedUser {
  const colon = user.indexOf(":");
  const userName = colon < 0 ? user : user.slice(0, colon);
  const groupName = colon < 0 ? "" : user.slice(colon + 1);
  const groupEntries = parseGroup(group);
  const wantedUid = userName === "" ? 0 : idOf(userName);
  const entry = parsePasswd(passwd).find((candidate) =>
    wantedUid === undefined ? candidate.name === userName : candidate.uid === wantedUid,
  );
  if (entry === undefined && wantedUid === undefined) {
    throw new SkepError("invalid_argument", `unable to find user ${userName}: no matching entries in passwd file`);
  }
  const uid = entry?.uid ?? wantedUid ?? 0;
  const gid = groupName === "" ? (entry?.gid ?? 0) : gidOf(groupName, groupEntries);
  // An explicit group replaces the memberships of the group file.
  const memberships =
    groupName === "" && entry !== undefined
      ? groupEntries.filter((candidate) => candidate.members.includes(entry.name)).map((candidate) => candidate.gid)
      : [];
  const additional = groups.map((name) => gidOf(name, groupEntries));
  // The primary group is among the additional ones: without it a file that its group may not read could be read.
  return { uid, gid, additionalGids: [...new Set([gid, ...memberships, ...additional])], home: homeOf(entry, uid) };
}

function homeOf(entry: PasswdEntry | undefined, uid: number): string {
  if (entry !== undefined && entry.home !== "") return entry.home;
  return uid === 0 ? "/root" : "/";
}

function gidOf(name: string, entries: readonly GroupEntry[]): number {
  const gid = idOf(name);
  if (gid !== undefined) return gid;
  const entry = entries.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    throw new SkepError("invalid_argument", `unable to find group ${name}: no matching entries in group file`);
  }
  return entry.gid;
}
