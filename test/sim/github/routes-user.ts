/** What a person who has signed in by the App may ask of GitHub: who they are, and what they see through it. */
import { z } from "zod";
import { sha256 } from "./auth.ts";
import { bodyOf, type Call, listed, noContent, ok, param, type Reply, type Route } from "./call.ts";
import { installationJson, publicUserJson } from "./payload-account.ts";
import { repositoryJson } from "./payload-repository.ts";
import { notFound, unprocessable } from "./refusal.ts";
import {
  type Account,
  covers,
  type Installation,
  type Repository,
  roleOf,
  roles,
  type World,
} from "./world.ts";

/** Routes of people, and the App's way to end a sign-in. */
export const userRoutes: Route[] = [
  {
    method: "GET",
    template: "/user",
    as: "user",
    answer: (call) => ok(publicUserJson(call.world, personOf(call))),
  },
  { method: "GET", template: "/user/installations", as: "user", answer: installations },
  {
    method: "GET",
    template: "/user/installations/{installation_id}/repositories",
    as: "user",
    answer: repositories,
  },
  { method: "DELETE", template: "/applications/{client_id}/token", as: "client", answer: endSignIn },
];

function personOf({ caller }: Call): Account {
  if (caller.kind !== "user") throw notFound();
  return caller.account;
}

/** Repositories of an installation on which a person has been given something; being public is not enough. */
function withinSight(world: World, installation: Installation, person: Account): Repository[] {
  return [...world.repositories.values()].filter(
    (each) =>
      covers(installation, each) &&
      (each.owner.id === person.id ||
        (each.collaborators.get(person.login.toLowerCase()) ?? "none") !== "none"),
  );
}

function installations(call: Call): Reply {
  const person = personOf(call);
  const all = [...call.world.installations.values()].filter(
    (each) => each.account.id === person.id || withinSight(call.world, each, person).length > 0,
  );
  const page = listed(call, all, (each) => installationJson(call.world, each));
  return { ...page, body: { total_count: all.length, installations: page.body } };
}

function repositories(call: Call): Reply {
  const person = personOf(call);
  const installation = call.world.installations.get(Number(param(call, "installation_id")));
  if (!installation || installation.suspendedAt !== undefined) throw notFound();
  const all = withinSight(call.world, installation, person);
  if (all.length === 0 && installation.account.id !== person.id) throw notFound();
  const page = listed(call, all, (each) => ({
    ...repositoryJson(call.world, each),
    permissions: permissionsOf(each, person),
  }));
  return { ...page, body: { total_count: all.length, repositories: page.body } };
}

function permissionsOf(repository: Repository, person: Account): Record<string, boolean> {
  const has = (role: (typeof roles)[number]) =>
    roles.indexOf(roleOf(repository, person)) >= roles.indexOf(role);
  return {
    admin: has("admin"),
    maintain: has("maintain"),
    push: has("write"),
    triage: has("triage"),
    pull: has("read"),
  };
}

const tokenBody = z.object({ access_token: z.string().min(1) });

function endSignIn(call: Call): Reply {
  const { access_token } = bodyOf(call, tokenBody);
  const { clock, visitors } = call.world;
  const known = visitors.tokens.get(sha256(access_token));
  // One that has expired cannot be given back: what it was refreshed by lives on.
  if (!known || known.expiresAt <= clock.now()) throw unprocessable("access_token is not known");
  visitors.tokens.delete(sha256(access_token));
  return noContent;
}
