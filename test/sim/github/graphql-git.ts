/**
 * Commits, trees and files as GraphQL shows them. An expression that leads nowhere gives null without an
 * error; a text is given of what is UTF-8, whole up to GitHub's bound.
 */
import { isUtf8 } from "node:buffer";
import { git, resolve, tryGit } from "./git.ts";
import { FieldProblem, type GraphqlObject, graphqlObject } from "./graphql-field.ts";
import { entryAt, treeOf } from "./tree.ts";
import { nodeId, type Repository } from "./world.ts";

/** Text beyond this is cut off, and said to be. */
const textBytesMax = 512_000;

/** The branch that HEAD names; null in an empty repository. */
export async function defaultBranchObject(repository: Repository): Promise<GraphqlObject | null> {
  const sha = await resolve(repository.directory, `refs/heads/${repository.defaultBranch}`);
  if (sha === undefined) return null;
  return graphqlObject("Ref", {
    id: () => nodeId("Ref", repository.id),
    name: () => repository.defaultBranch,
    prefix: () => "refs/heads/",
    target: () => gitObject(repository, { oid: sha, type: "commit" }),
  });
}

/** What `HEAD:path`, `SHA:path` or a name stands for. */
export async function expressedObject(
  repository: Repository,
  { expression, oid }: Record<string, unknown>,
): Promise<GraphqlObject | null> {
  if (typeof expression !== "string" && typeof oid !== "string")
    throw new FieldProblem("ARGUMENT", "One of expression or oid has to be given.");
  const given = typeof oid === "string" ? oid : String(expression);
  const name = given.replace(/^HEAD(?=:|$)/, `refs/heads/${repository.defaultBranch}`);
  if (name.startsWith("-")) return null;
  const [, ref, path] = /^(refs\/heads\/[^:]+|[0-9a-f]{40}):([^:]+)$/.exec(name) ?? [];
  if (ref !== undefined && path !== undefined) {
    const entry = await entryAt(repository.directory, ref, path);
    // A submodule's commit is in another repository.
    return entry && entry.type !== "commit"
      ? gitObject(repository, { oid: entry.sha, type: entry.type })
      : null;
  }
  const found = await tryGit(repository.directory, ["rev-parse", "--verify", "--quiet", name]);
  if (found.code !== 0) return null;
  const sha = found.stdout.toString().trim();
  const type = await tryGit(repository.directory, ["cat-file", "-t", sha]);
  return type.code === 0 ? gitObject(repository, { oid: sha, type: type.stdout.toString().trim() }) : null;
}

function gitObject(repository: Repository, { oid, type }: { oid: string; type: string }): GraphqlObject {
  const shared = { oid: () => oid, abbreviatedOid: () => oid.slice(0, 7), id: () => `${type}_${oid}` };
  if (type === "blob") return blobObject(repository, oid, shared);
  if (type !== "tree") return graphqlObject("Commit", shared);
  return graphqlObject("Tree", {
    ...shared,
    entries: async () =>
      ((await treeOf(repository.directory, oid, false)) ?? []).map((entry) =>
        graphqlObject("TreeEntry", {
          name: () => entry.path,
          // GitHub gives the mode as a number, written in decimal.
          mode: () => Number.parseInt(entry.mode, 8),
          type: () => entry.type,
          oid: () => entry.sha,
          size: () => entry.size ?? 0,
          object: () =>
            entry.type === "commit" ? null : gitObject(repository, { oid: entry.sha, type: entry.type }),
        }),
      ),
  });
}

async function bytesOf(repository: Repository, oid: string): Promise<Buffer> {
  return (await tryGit(repository.directory, ["cat-file", "blob", oid])).stdout;
}

function blobObject(repository: Repository, oid: string, shared: GraphqlObject["fields"]): GraphqlObject {
  const isText = (bytes: Buffer) => isUtf8(bytes) && !bytes.includes(0);
  return graphqlObject("Blob", {
    ...shared,
    byteSize: async () => Number(await git(repository.directory, ["cat-file", "-s", oid])),
    isBinary: async () => !isText(await bytesOf(repository, oid)),
    isTruncated: async () => (await bytesOf(repository, oid)).length > textBytesMax,
    text: async () => {
      const bytes = await bytesOf(repository, oid);
      return isText(bytes) ? bytes.subarray(0, textBytesMax).toString() : null;
    },
  });
}
