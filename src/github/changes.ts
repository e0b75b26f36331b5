/**
 * What was pushed, read from GitHub commit by commit for screening: an agent's word about a push is not
 * evidence, and what one commit adds another may remove while it stays in the history.
 */
import { isProblem, Problem } from "../domain/errors.ts";
import type { Place } from "../domain/run.ts";
import type { ScreenedCommit } from "../domain/screening.ts";
import type { ScreenedFile } from "../domain/screening-content.ts";
import { branchExists } from "./branch.ts";
import type { GitHub } from "./client.ts";

/** Commits of a branch that its base does not have. */
export interface Changes {
  baseSha: string;
  headSha: string;
  commits: ScreenedCommit[];
  /** The net difference, as far as a comparison shows it; empty where the only commit is the same once more. */
  net: ScreenedFile[];
  /** What it comes to; `files: 0` proposes nothing. */
  total: { commits: number; files: number; lines: number };
}

/** GitHub lists at most this many commits of a comparison, and files of a comparison or commit. */
const commitsMax = 250;
const filesMax = 300;
/** Files a comparison shows no patch of are fetched up to this size and number. */
const blobBytesMax = 1_000_000;
const blobsMax = 50;

interface ComparedFile {
  sha: string | null;
  filename: string;
  previous_filename?: string;
  status: ScreenedFile["status"];
  patch?: string;
  additions: number;
  deletions: number;
  changes: number;
}

/** What `head` has that `base` has not; undefined when the branch does not exist or adds nothing. */
export async function pushedChanges(
  github: GitHub,
  place: Place,
  { base, head }: { base: string; head: string },
): Promise<Changes | undefined> {
  const { owner, repo } = place;
  const rest = github.of(place.installation).rest;
  const basehead = `${base}...${head}`;
  const data = await rest.repos.compareCommitsWithBasehead({ owner, repo, basehead }).then(
    (answer) => answer.data,
    (error: unknown) => {
      if (isProblem(error, "gone")) return undefined;
      throw error;
    },
  );
  // A comparison does not say which of its two ends is missing, or that they have nothing in common.
  if (!data && (await branchExists(github, place, head)))
    throw (await branchExists(github, place, base)) ? unrelated({ base, head }) : baseGone(base);
  const last = data?.commits.at(-1);
  if (!data || !last || data.ahead_by === 0) return undefined;
  const reader = new FileReader(github, place);
  const own = new Set(data.commits.map(({ sha }) => sha));
  const commits: ScreenedCommit[] = [];
  const net = data.files ?? [];
  // The comparison of a single commit with its parent is that commit: one call less.
  const alone = data.total_commits === 1 && data.merge_base_commit.sha === last.parents[0]?.sha;
  for (const { sha, commit, parents } of data.commits.slice(0, commitsMax)) {
    const parent = (parents.find((one) => !own.has(one.sha)) ?? parents[0])?.sha;
    const isMerged = parent !== parents[0]?.sha && parent !== undefined;
    const files = alone ? net : await filesOf(github, place, { sha, ...(isMerged ? { since: parent } : {}) });
    commits.push({
      sha,
      message: commit.message,
      files: await reader.read(files, { sha, parent }),
      // What a merge brings back from an old parent shows in the net difference alone.
      complete:
        files.length < filesMax &&
        data.total_commits <= commitsMax &&
        (parents.length < 2 || net.length < filesMax),
    });
  }
  return {
    baseSha: data.base_commit.sha,
    headSha: last.sha,
    commits,
    net: alone ? [] : await reader.read(net, { sha: last.sha, parent: data.merge_base_commit.sha }),
    total: { commits: data.total_commits, ...sizeOf(net, commits) },
  };
}

/** Files and lines that differ in the end; of a comparison that GitHub cut, all that its commits touched. */
function sizeOf(net: ComparedFile[], commits: ScreenedCommit[]): { files: number; lines: number } {
  const differ = net.map(({ filename, ...counts }) => ({ path: filename, ...counts }));
  const files = net.length < filesMax ? differ : commits.flatMap((commit) => commit.files);
  const lines = files.reduce((sum, { additions, deletions }) => sum + additions + deletions, 0);
  return { files: new Set(files.map(({ path }) => path)).size, lines };
}

/**
 * The files of a commit. Of one that merges the base into the branch, what it has beyond that (`since`): GitHub
 * lists a merge against its first parent, and all that others brought into the base would stand there as its own.
 */
async function filesOf(
  github: GitHub,
  { installation, owner, repo }: Place,
  { sha, since }: { sha: string; since?: string },
): Promise<ComparedFile[]> {
  const { repos } = github.of(installation).rest;
  const { data } =
    since === undefined
      ? await repos.getCommit({ owner, repo, ref: sha })
      : await repos.compareCommitsWithBasehead({ owner, repo, basehead: `${since}...${sha}` });
  return data.files ?? [];
}

function baseGone(base: string): Problem {
  const words = `The base branch \`${base}\` does not exist (any more). Set \`base\`, then \`/agent retry\`.`;
  return new Problem("fault", "base_gone", words);
}

function unrelated({ base, head }: { base: string; head: string }): Problem {
  const words = `\`${head}\` has no history in common with \`${base}\`, so it cannot become a pull request. \`/agent retry\` starts again from \`${base}\`.`;
  return new Problem("fault", "history_unrelated", words);
}

interface Entry {
  mode: string;
  sha: string;
  size: number;
}

/** A commit and the first of its parents. */
interface Commit {
  sha: string;
  parent: string | undefined;
}

/** Adds what GitHub's file lists do not say: modes, and contents where no patch is shown. */
class FileReader {
  readonly #github: GitHub;
  readonly #place: Place;
  readonly #trees = new Map<string, Map<string, Entry>>();
  readonly #texts = new Map<string, string>();

  constructor(github: GitHub, place: Place) {
    this.#github = github;
    this.#place = place;
  }

  async read(files: ComparedFile[], { sha, parent }: Commit): Promise<ScreenedFile[]> {
    const tree = files.some(needsTree) ? await this.#tree(sha) : undefined;
    const before = files.some(maybeUntouched) && parent !== undefined ? await this.#tree(parent) : undefined;
    const read: ScreenedFile[] = [];
    for (const file of files) {
      const old = before?.get(file.previous_filename ?? file.filename);
      read.push(await this.#one(file, { entry: tree?.get(file.filename), old }));
    }
    return read;
  }

  async #one(
    file: ComparedFile,
    { entry, old }: { entry: Entry | undefined; old: Entry | undefined },
  ): Promise<ScreenedFile> {
    const known: ScreenedFile = {
      path: file.filename,
      ...(file.previous_filename === undefined ? {} : { previousPath: file.previous_filename }),
      status: file.status,
      ...(file.patch === undefined ? {} : { patch: file.patch }),
      additions: file.additions,
      deletions: file.deletions,
    };
    if (file.status === "removed") return { ...known, binary: false };
    if (!needsTree(file)) return { ...known, mode: "100644" };
    if (!entry) return known;
    const target = entry.mode === "120000" ? (onlyLine(file) ?? (await this.#text(entry))) : undefined;
    const withMode = {
      ...known,
      mode: entry.mode,
      size: entry.size,
      ...(target === undefined ? {} : { symlinkTarget: target }),
    };
    if (file.patch !== undefined || entry.mode === "160000") return withMode;
    // A rename or change of mode alone. Counts do not tell it: of a changed binary they are 0 too.
    if (maybeUntouched(file) && old?.sha === entry.sha) return { ...withMode, binary: false };
    const text = await this.#text(entry);
    if (text === undefined) return { ...withMode, truncated: true };
    return { ...withMode, ...addedWhole(text), binary: text.includes("\0") };
  }

  async #tree(commit: string): Promise<Map<string, Entry>> {
    const known = this.#trees.get(commit);
    if (known) return known;
    const { installation, owner, repo } = this.#place;
    const { data } = await this.#github
      .of(installation)
      .rest.git.getTree({ owner, repo, tree_sha: commit, recursive: "1" });
    const tree = new Map(
      data.tree.map((entry) => [entry.path, { mode: entry.mode, sha: entry.sha, size: entry.size ?? 0 }]),
    );
    this.#trees.set(commit, tree);
    return tree;
  }

  /** The blob as text; undefined where it is too large to be read. */
  async #text(entry: Entry): Promise<string | undefined> {
    if (entry.size === 0) return "";
    const known = this.#texts.get(entry.sha);
    if (known !== undefined) return known;
    if (entry.size > blobBytesMax || this.#texts.size >= blobsMax) return undefined;
    const { installation, owner, repo } = this.#place;
    const { data } = await this.#github
      .of(installation)
      .rest.git.getBlob({ owner, repo, file_sha: entry.sha });
    const text = Buffer.from(data.content, "base64").toString("utf8");
    this.#texts.set(entry.sha, text);
    return text;
  }
}

const submodule = /^[+-]Subproject commit [0-9a-f]{40}$/m;
/** The new content is one line, or two. */
const ofOneOrTwoLines = /^@@ -\S+ \+1(?:,2)? @@/;
/** A line of the new content that as a link's target would not stay in the tree. */
const leadingOut = /^[+ ](?:[/~]|[a-z]:|.*\\|(?:.*\/)?(?:\.\.|\.git)(?:\/|$))/im;

/**
 * GitHub's lists tell no modes. A submodule shows as a line of a certain form, a symlink as text without a
 * newline at its end, if its target does not end in one; what may be one of them, or shows no patch, has to be
 * looked up in the tree.
 */
function needsTree({ status, patch }: ComparedFile): boolean {
  if (status === "removed") return false;
  if (patch === undefined || submodule.test(patch) || endsUnended(patch, ["+", " "])) return true;
  return ofOneOrTwoLines.test(patch) && leadingOut.test(patch);
}

/** Can it be that the commit left the content as it was? */
function maybeUntouched({ status, patch, changes }: ComparedFile): boolean {
  return patch === undefined && changes === 0 && status !== "added" && status !== "removed";
}

/** Does the patch end in a line of one of these kinds, without a newline behind it? */
function endsUnended(patch: string, kinds: string[]): boolean {
  const [line = "", note] = patch.split("\n").slice(-2);
  return note?.startsWith("\\ No newline") === true && kinds.includes(line.slice(0, 1));
}

/** The new content where it is one line without a newline and the patch shows all of it. */
function onlyLine({ patch = "", additions }: ComparedFile): string | undefined {
  const lines = patch.split("\n");
  const added = lines.filter((line) => line.startsWith("+"));
  const kept = lines.some((line) => line.startsWith(" "));
  if (kept || additions !== 1 || added.length !== 1 || !endsUnended(patch, ["+"])) return undefined;
  return added[0]?.slice(1);
}

/** A text as the patch that adds all of it. */
function addedWhole(text: string): Pick<ScreenedFile, "patch" | "additions" | "deletions"> {
  const lines = text.replace(/\n$/, "").split("\n");
  const patch = [`@@ -0,0 +1,${lines.length} @@`, ...lines.map((line) => `+${line}`)].join("\n");
  return { patch, additions: lines.length, deletions: 0 };
}
