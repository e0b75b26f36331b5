/**
 * Who put a label on which issue and when, and when it was locked, by GitHub's own record. Deliveries carry no such
 * time, so what they leave open is asked here. It does not know what a label means to us.
 */
import type { Person, Place } from "../domain/run.ts";
import { sameLabel } from "../domain/settings.ts";
import type { GitHub } from "./client.ts";
import { graphqlFailure } from "./failure.ts";
import { pagesOf } from "./pages.ts";

/** A label put on or taken off. */
export interface Labelling {
  id: number;
  kind: "labeled" | "unlabeled";
  /** Milliseconds since the epoch, in whole seconds, by GitHub's clock. */
  at: number;
  /** Absent when the account is gone. */
  by?: Person;
  /** The App through which it was done, its own doing or on somebody's behalf. */
  viaApp?: { id: number; slug: string };
  /** Has the issue's title changed since? */
  renamedSince: boolean;
}

/** Pages of a hundred events that are read, from the newest back. */
const pagesMax = 10;

/** The newest labelling of the issue with `label`; undefined when its last thousand events hold none. */
export async function lastLabelling(
  github: GitHub,
  place: Place,
  label: string,
): Promise<Labelling | undefined> {
  let renamedSince = false;
  for await (const event of eventsOf(github, place)) {
    const found = labellingOf(event, label);
    if (found) return { ...found, renamedSince };
    renamedSince ||= event.event === "renamed";
  }
  return undefined;
}

/** When the conversation was last locked, milliseconds since the epoch by GitHub's clock; undefined as above. */
export async function lastLocked(github: GitHub, place: Place): Promise<number | undefined> {
  for await (const { event, created_at: at } of eventsOf(github, place))
    if (event === "locked") return Date.parse(at);
  return undefined;
}

/** The issue's last thousand events, newest first. */
async function* eventsOf(
  github: GitHub,
  { installation, owner, repo, issue }: Place,
): AsyncGenerator<IssueEvent> {
  const { issues } = github.of(installation).rest;
  const read = (page: number) => issues.listEvents({ owner, repo, issue_number: issue, per_page: 100, page });
  const first = await read(1);
  // They come oldest first.
  const pages = pagesOf(first.headers.link);
  for (let page = pages; page > Math.max(pages - pagesMax, 0); page -= 1) {
    const { data } = page === 1 ? first : await read(page);
    yield* data.toReversed();
  }
}

interface EditedAnswer {
  repository: { issue: { lastEditedAt: string | null } | null } | null;
}

/** Has the issue's text changed since a labelling? One in the same second counts: GitHub's times have whole ones. */
export async function isBodyEditedSince(github: GitHub, place: Place, { at }: Labelling): Promise<boolean> {
  const { owner, repo, issue: number } = place;
  // REST has no such time: `updated_at` moves with every comment.
  const { repository } = await github
    .of(place.installation)
    .graphql<EditedAnswer>(
      "query ($owner: String!, $repo: String!, $number: Int!) { repository(owner: $owner, name: $repo) { issue(number: $number) { lastEditedAt } } }",
      { owner, repo, number },
    )
    .catch((error: unknown) => {
      throw graphqlFailure(error);
    });
  return Date.parse(repository?.issue?.lastEditedAt ?? "") >= at;
}

interface IssueEvent {
  id: number;
  event: string;
  created_at: string;
  actor?: { login: string; id: number; type: string } | null;
  performed_via_github_app?: { id: number; slug?: string } | null;
  label?: { name?: string | null };
}

function labellingOf(event: IssueEvent, label: string): Omit<Labelling, "renamedSince"> | undefined {
  const kind = event.event;
  if (kind !== "labeled" && kind !== "unlabeled") return undefined;
  if (!sameLabel(event.label?.name ?? "", label)) return undefined;
  const { actor, performed_via_github_app: app } = event;
  const by = actor ? { by: { login: actor.login, id: actor.id, type: actor.type } } : {};
  const viaApp = app ? { viaApp: { id: app.id, slug: app.slug ?? "" } } : {};
  return { id: event.id, kind, at: Date.parse(event.created_at), ...viaApp, ...by };
}

/** An installation as the App sees it. */
export interface Installation {
  id: number;
  account: string;
  createdAt: number;
  suspended: boolean;
}

/** All installations, by id. */
export async function installationsOf(github: GitHub): Promise<Installation[]> {
  const { app } = github;
  const all = await app.paginate(app.rest.apps.listInstallations, { per_page: 100 });
  return all
    .map((one) => ({
      id: one.id,
      account: one.account && "login" in one.account ? one.account.login : "",
      createdAt: Date.parse(one.created_at),
      suspended: Boolean(one.suspended_at),
    }))
    .toSorted((one, other) => one.id - other.id);
}

/** An open issue that carries a label, as a delivery would show it. */
export interface LabelledIssue {
  owner: string;
  repo: string;
  /** GitHub's own object. */
  issue: { number: number };
}

/** How far a search has come: a page of what was created since a time in GitHub's form. */
export interface SearchPlace {
  since?: string;
  page: number;
}

/** GitHub shows a thousand results of a search at most. */
const searchPagesMax = 10;

/**
 * A page of a hundred open issues of the account's repositories that carry `label`, oldest first, and the place of
 * the next one. After a full page the search goes on from its last issue's creation, so that neither the thousand
 * nor what changes meanwhile hides one; some come twice. `cut`: more than a thousand were created in one second.
 */
export async function labelledIssues(
  github: GitHub,
  { id, account }: Installation,
  { label, place: { since, page } }: { label: string; place: SearchPlace },
): Promise<{ issues: LabelledIssue[]; next?: SearchPlace; cut?: true }> {
  const created = since === undefined ? "" : ` created:>=${since}`;
  const { data } = await github.of(id).rest.search.issuesAndPullRequests({
    q: `is:issue is:open user:${account} label:"${label}"${created}`,
    sort: "created",
    order: "asc",
    per_page: 100,
    page,
  });
  const issues = data.items.map((issue) => {
    const [owner = "", repo = ""] = issue.repository_url.split("/").slice(-2);
    return { owner, repo, issue };
  });
  const last = data.items.at(-1)?.created_at;
  if (last === undefined || page * 100 >= data.total_count) return { issues };
  if (last !== since) return { issues, next: { since: last, page: 1 } };
  if (page < searchPagesMax) return { issues, next: { since, page: page + 1 } };
  const later = new Date(Date.parse(last) + 1_000).toISOString().replace(".000Z", "Z");
  return { issues, next: { since: later, page: 1 }, cut: true };
}

/** The repository as deliveries carry it. */
export async function repositoryObject(
  github: GitHub,
  installation: number,
  { owner, repo }: { owner: string; repo: string },
): Promise<{ id: number }> {
  const { data } = await github.of(installation).rest.repos.get({ owner, repo });
  return data;
}
