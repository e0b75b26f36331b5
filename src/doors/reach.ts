/** Which addresses github.com can deliver to. No name is looked up: what it leads to is not known here. */
import { BlockList, isIP } from "node:net";

/** What nothing on the internet reaches: this machine and private networks (IANA's special-purpose registries). */
const unreachable = new BlockList();
for (const [net, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const)
  unreachable.addSubnet(net, prefix, "ipv4");
for (const [net, prefix] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
] as const)
  unreachable.addSubnet(net, prefix, "ipv6");

/** Does github.com reach this origin, as far as its name tells? */
export function isReachable(origin: string): boolean {
  const name = new URL(origin).hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  const kind = isIP(name);
  if (kind !== 0) return !unreachable.check(name, kind === 4 ? "ipv4" : "ipv6");
  return !/(^|\.)localhost$/.test(name);
}
