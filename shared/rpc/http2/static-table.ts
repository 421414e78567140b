// The fields that HPACK knows from the start (RFC 7541, appendix A), at index 1 and up.

export interface Field {
  readonly name: string;
  readonly value: string;
}

const WITH_VALUES: readonly (readonly [name: string, ...values: string[]])[] = [
  [":authority", ""],
  [":method", "GET", "POST"],
  [":path", "/", "/index.html"],
  [":scheme", "http", "https"],
  [":status", "200", "204", "206", "304", "400", "404", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
];

const WITHOUT = `accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control
  content-disposition content-encoding content-language content-length content-location content-range content-type cookie
  date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified
  link location max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after server set-cookie
  strict-transport-security transfer-encoding user-agent vary via www-authenticate`;

export const STATIC_TABLE: readonly Field[] = [
  ...WITH_VALUES.flatMap(([name, ...values]) => values.map((value): Field => ({ name, value }))),
  ...WITHOUT.split(/\s+/).map((name): Field => ({ name, value: "" })),
];
