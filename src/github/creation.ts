/**
 * The last step of creating an App from a manifest: GitHub's one-time code becomes the App's credentials
 * (POST /app-manifests/{code}/conversions, no authentication, good once and for an hour).
 */
import { Octokit } from "@octokit/rest";
import { z } from "zod";
import { Problem } from "../domain/errors.ts";
import { asProblem } from "./failure.ts";

/** A new App, in GitHub's own words. */
export interface CreatedApp {
  id: number;
  html_url: string;
  pem: string;
  webhook_secret: string;
  client_id: string;
  client_secret: string;
}

const created = z.object({
  id: z.int().positive(),
  html_url: z.url(),
  pem: z.string().min(1),
  webhook_secret: z.string().min(16),
  client_id: z.string().min(1),
  client_secret: z.string().min(1),
});

/** Asks for the App behind `code`. Throws `gone` for a code that is unknown, used or too old. */
export async function createdApp(
  code: string,
  { apiUrl, fetch, now }: { apiUrl: string; fetch: typeof globalThis.fetch; now: number },
): Promise<CreatedApp> {
  // Octokit's own log would print the code.
  const silent = () => {};
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  const octokit = new Octokit({ baseUrl: apiUrl, userAgent: "patchwright", request: { fetch }, log });
  const answer = await octokit.rest.apps.createFromManifest({ code }).catch((error: unknown) => {
    throw asProblem(error, { now });
  });
  const read = created.safeParse(answer.data);
  if (read.success) return read.data;
  throw new Problem("fault", "github_app_incomplete", "GitHub created the App and did not return all of it.");
}
