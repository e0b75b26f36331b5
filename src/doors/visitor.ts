/**
 * A visitor as the socket knows them. A proxy on this machine makes strangers look near, so what carries
 * forwarding headers is never taken for a neighbour.
 */
import type { IncomingHttpHeaders } from "node:http";
import { BlockList, isIP } from "node:net";

/** Who asks for a page. */
export interface Visitor {
  /** The socket's peer; undefined once it is gone. */
  address: string | undefined;
  headers: Record<string, string | undefined>;
  /** HTTP's version, as `1.1`. */
  version?: string;
}

/** The visitor behind a request. A header sent twice is joined, and so matches nothing it must match. */
export function visitorOf(incoming: {
  headers: IncomingHttpHeaders;
  httpVersion?: string;
  socket: { remoteAddress?: string | undefined };
}): Visitor {
  return {
    address: incoming.socket.remoteAddress,
    headers: plainHeaders(incoming.headers),
    ...(incoming.httpVersion === undefined ? {} : { version: incoming.httpVersion }),
  };
}

function plainHeaders(headers: IncomingHttpHeaders): Visitor["headers"] {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, joined(value)]));
}

/** A header as a single text. */
export function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value;
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Does the visitor sit on this machine, with no proxy in between? */
export function isNear({ address = "", headers }: Visitor): boolean {
  const kind = isIP(address);
  // The list knows IPv4 addresses in IPv6 clothes (::ffff:127.0.0.1) as well.
  return kind !== 0 && loopback.check(address, kind === 4 ? "ipv4" : "ipv6") && !isForwarded(headers);
}

const localHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/** Is this a name of the machine's own, as `Host` has it? */
export function isLocalName(host: string): boolean {
  return localHost.test(host);
}

function isForwarded(headers: Visitor["headers"]): boolean {
  return Object.keys(headers).some((name) => name === "forwarded" || name.startsWith("x-forwarded-"));
}
