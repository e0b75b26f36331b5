/**
 * Repositories, people's permissions on them, the contents of files, and users.
 */
import { basename } from "node:path";
import { ok, param, type Reply, type RepositoryCall, type Route } from "./call.ts";
import { resolve } from "./git.ts";
import { publicUserJson, userJson } from "./payload-account.ts";
import { fullRepositoryJson, repositoryApi } from "./payload-repository.ts";
import { notFound, Refusal } from "./refusal.ts";
import { fileAt, treeOf } from "./tree.ts";
import { accountOf, fullName, type Json, type Role, roleOf, roles } from "./world.ts";

const root = "/repos/{owner}/{repo}";

/** Routes of repositories and users. */
export const repositoryRoutes: Route[] = [
  {
    method: "GET",
    template: root,
    needs: ["metadata:read"],
    answer: (call) => ok(fullRepositoryJson(call.world, call.repository, call.caller)),
  },
  {
    method: "GET",
    template: `${root}/collaborators/{username}/permission`,
    needs: ["metadata:read"],
    answer: permission,
  },
  { method: "GET", template: `${root}/contents/{path}`, needs: ["contents:read"], answer: contents },
  { method: "GET", template: "/users/{username}", as: "anyone", answer: user },
];

function user(call: RepositoryCall): Reply {
  const account = accountOf(call.world, param(call, "username"));
  if (!account) throw notFound();
  return ok(publicUserJson(call.world, account));
}

/** The legacy names know four levels only (GitHub's collaborator documentation). */
const legacy: Record<Role, string> = {
  none: "none",
  read: "read",
  triage: "read",
  write: "write",
  maintain: "write",
  admin: "admin",
};

function permission(call: RepositoryCall): Reply {
  const { world, repository } = call;
  const username = param(call, "username");
  const account = accountOf(world, username);
  if (account?.type !== "User") throw new Refusal(404, `${username} is not a user`);
  const role = roleOf(repository, account);
  const reach = (least: Role) => roles.indexOf(role) >= roles.indexOf(least);
  const permissions = {
    admin: reach("admin"),
    maintain: reach("maintain"),
    push: reach("write"),
    triage: reach("triage"),
    pull: reach("read"),
  };
  return ok({
    permission: legacy[role],
    role_name: role,
    user: { ...userJson(world, account), permissions, role_name: role },
  });
}

/** Above this GitHub answers a file without its content. */
const contentBytesMax = 1_000_000;

async function contents(call: RepositoryCall): Promise<Reply> {
  const { repository } = call;
  const { directory } = repository;
  const ref = call.query.get("ref") ?? repository.defaultBranch;
  const commit = (await resolve(directory, `refs/heads/${ref}`)) ?? (await resolve(directory, ref));
  if (!commit) throw new Refusal(404, `No commit found for the ref ${ref}`);
  const path = param(call, "path").replace(/^\/+|\/+$/g, "");
  if (path.split("/").some((part) => part === "." || part === "..")) throw notFound();
  if (path !== "") {
    const [entry] = (await treeOf(directory, commit, true))?.filter((each) => each.path === path) ?? [];
    if (!entry) throw notFound();
    if (entry.type !== "tree") return file(call, { commit, ref, entry });
  }
  const entries = (await treeOf(directory, path === "" ? commit : `${commit}:${path}`, false)) ?? [];
  return ok(
    entries.map((entry) => ({
      type: entry.type === "tree" ? "dir" : entry.mode === "120000" ? "symlink" : "file",
      size: entry.size ?? 0,
      ...located(call, {
        ref,
        path: path === "" ? entry.path : `${path}/${entry.path}`,
        sha: entry.sha,
        type: entry.type,
      }),
    })),
  );
}

function located(
  call: RepositoryCall,
  { ref, path, sha, type }: { ref: string; path: string; sha: string; type: string },
): Json {
  const { world, repository } = call;
  const url = `${repositoryApi(world, repository)}/contents/${encodeURI(path)}?ref=${encodeURIComponent(ref)}`;
  const gitUrl = `${repositoryApi(world, repository)}/git/${type === "tree" ? "trees" : "blobs"}/${sha}`;
  const page = `${world.url}/${fullName(repository)}/blob/${encodeURIComponent(ref)}/${encodeURI(path)}`;
  const download =
    type === "blob"
      ? `${world.url}/raw/${fullName(repository)}/${encodeURIComponent(ref)}/${encodeURI(path)}`
      : null;
  return {
    name: basename(path),
    path,
    sha,
    url,
    git_url: gitUrl,
    html_url: page,
    download_url: download,
    _links: { self: url, git: gitUrl, html: page },
  };
}

async function file(
  call: RepositoryCall,
  {
    commit,
    ref,
    entry,
  }: { commit: string; ref: string; entry: { path: string; sha: string; type: string; mode: string } },
): Promise<Reply> {
  const place = located(call, { ref, path: entry.path, sha: entry.sha, type: entry.type });
  if (entry.type === "commit") return ok({ ...place, type: "submodule", size: 0, submodule_git_url: null });
  const bytes = (await fileAt(call.repository.directory, commit, entry.path)) ?? Buffer.alloc(0);
  if (/application\/vnd\.github\.(v3\.)?raw/.test(call.accept)) {
    return { status: 200, raw: { type: "application/vnd.github.raw+json; charset=utf-8", bytes } };
  }
  if (entry.mode === "120000")
    return ok({ ...place, type: "symlink", size: bytes.length, target: bytes.toString() });
  const isLarge = bytes.length > contentBytesMax;
  const content = isLarge ? "" : bytes.toString("base64").replace(/.{60}/g, "$&\n");
  const encoding = isLarge ? "none" : "base64";
  return ok({
    ...place,
    type: "file",
    size: bytes.length,
    encoding,
    content: content && `${content.replace(/\n$/, "")}\n`,
  });
}
