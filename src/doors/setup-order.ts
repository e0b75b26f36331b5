/**
 * What the set-up orders from GitHub: the form's fields as an order, the order as the manifest that GitHub takes,
 * and what comes back as variables.
 */
import { z } from "zod";
import { isGitHubItself, isHost, isOrigin, originWords } from "../domain/origin.ts";
import type { CreatedApp } from "../github/creation.ts";
import type { Manifest } from "./manifest.ts";
import { isReachable } from "./reach.ts";
import type { Typed } from "./setup-pages.ts";

/** An App to be created. */
export interface AppOrder {
  typed: Typed;
  /** An origin, as a browser writes it. */
  publicUrl: string;
  webUrl: string;
  apiUrl: string;
  /** Where GitHub takes manifests of this owner. */
  settingsUrl: string;
}

const fields = z.object({
  publicUrl: z.string().trim().refine(isOrigin, `The public URL ${originWords}.`),
  name: z.string().trim().min(1, "The App needs a name.").max(34, "The name is longer than 34 characters."),
  owner: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9-]{0,39}$/, "The organisation must be a login of GitHub's."),
  host: z
    .string()
    .trim()
    .refine((host) => host === "" || isHost(host), "The server must be host[:port], without https://.")
    .transform((host) => (isGitHubItself(host) ? "" : host)),
  protocol: z.enum(["https", "http"], "The protocol must be https or http."),
  keep: z.enum(["file", "print"], "The credentials are kept in a file, or printed."),
});

/** The form as an order, or what is wrong with it. `fixedUrl`: the public URL of the environment, an origin. */
export function readOrder(
  form: Record<string, string>,
  fixedUrl?: string,
): { kind: "order"; order: AppOrder } | { kind: "wrong"; typed: Typed; why: string } {
  const { name = "", owner = "", host = "", protocol = "", keep = "file" } = form;
  const publicUrl = form["publicUrl"] || (fixedUrl ?? "");
  const given = { publicUrl, name, owner, host, protocol, keep };
  const read = fields.safeParse(given);
  const why = read.success
    ? addressTrouble(read.data, fixedUrl)
    : read.error.issues.map(({ message }) => message).join(" ");
  if (!read.success || why !== undefined) return { kind: "wrong", typed: given, why: why ?? "" };
  const typed = read.data;
  const webUrl = typed.host === "" ? "https://github.com" : `${typed.protocol}://${typed.host}`;
  const apiUrl = typed.host === "" ? "https://api.github.com" : `${webUrl}/api/v3`;
  const account = typed.owner === "" ? "" : `/organizations/${typed.owner}`;
  const settingsUrl = `${webUrl}${account}/settings/apps/new`;
  return { kind: "order", order: { typed, publicUrl: baseOf(typed), webUrl, apiUrl, settingsUrl } };
}

function baseOf({ publicUrl }: Pick<Typed, "publicUrl">): string {
  return new URL(publicUrl).origin;
}

/** Why the public URL of a form that is right in itself does not serve. */
function addressTrouble(typed: Pick<Typed, "publicUrl" | "host">, fixedUrl?: string): string | undefined {
  const base = baseOf(typed);
  if (fixedUrl !== undefined && base !== fixedUrl)
    return `PUBLIC_URL in the environment says ${fixedUrl}: the form cannot say another.`;
  if (typed.host === "" && !isReachable(base))
    return `github.com cannot reach ${base}: the public URL must lead here from the internet, by a reverse proxy or a tunnel.`;
  return undefined;
}

/** The manifest GitHub takes: `app.yml` with the addresses of this service. `origin`: where the browser is. */
export function manifestFor(
  manifest: Manifest,
  { typed, publicUrl }: AppOrder,
  origin: string,
): Record<string, unknown> {
  return {
    ...manifest,
    name: typed.name,
    hook_attributes: { url: `${publicUrl}/api/github/webhooks`, active: true },
    redirect_url: `${origin}/setup/created`,
    callback_urls: [`${publicUrl}/auth/callback`],
  };
}

/** What GitHub returns for an order, as the service's variables. */
export function variablesOf(app: CreatedApp, { typed, publicUrl }: AppOrder): Record<string, string> {
  return {
    APP_ID: String(app.id),
    PRIVATE_KEY: app.pem,
    WEBHOOK_SECRET: app.webhook_secret,
    CLIENT_ID: app.client_id,
    CLIENT_SECRET: app.client_secret,
    PUBLIC_URL: publicUrl,
    ...(typed.host === "" ? {} : { GHE_HOST: typed.host, GHE_PROTOCOL: typed.protocol }),
  };
}
