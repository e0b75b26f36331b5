/** Hosts and their addresses: the public URL of the service, and the server that GitHub runs on. */

/**
 * Is this an http or https URL of a host and no more? Deliveries and visitors come to its root: a path would be lost,
 * and what else stands in it be shown to GitHub.
 */
export function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, pathname, search, hash } = new URL(text);
  const more = [username, password, search, hash].join("");
  return /^https?:$/.test(protocol) && more === "" && /^\/+$/.test(pathname) && !/[?#@]/.test(text);
}

/** What such a text must be, in words that follow its name. */
export const originWords = "must be an http or https URL of a host: no path, query or password";

/** Is this a `host[:port]`: a name, an IPv4 address, or an IPv6 address in brackets? */
export function isHost(text: string): boolean {
  return /^([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?$/.test(text) && URL.canParse(`https://${text}`);
}

/** Does this `host[:port]` name github.com itself, which is nobody's Enterprise Server and has its API elsewhere? */
export function isGitHubItself(host: string): boolean {
  return /^(www\.|api\.)?github\.com(:\d+)?$/i.test(host);
}
