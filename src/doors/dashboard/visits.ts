/**
 * Signed-in browsers: what a cookie stands for. A person's tokens lie sealed in the store before anything is asked
 * with them, are replaced before they expire and given back at the end; what GitHub lets the person see is asked at most every five minutes
 * and serves no longer than that.
 */
import { createHash } from "node:crypto";
import { isProblem, Problem } from "../../domain/errors.ts";
import type { Sight } from "../../github/sight.ts";
import { sightOf, whoIs } from "../../github/sight.ts";
import type { VisitorTokens } from "../../github/visitor-token.ts";
import {
  giveBack,
  isSpent,
  keepNameless,
  openTokens,
  replaceTokens,
  sealTokens,
  type TokenParts,
  unopened,
  visitMs,
} from "../../mission/visitor-seal.ts";
import type { VisitRow } from "../../store/schema.ts";
import { backdateVisit, changeVisit, findVisit } from "../../store/visits.ts";
import type { Audience } from "./audience.ts";

/** What visits are kept with. */
export interface VisitParts extends TokenParts {
  random: (bytes: number) => Uint8Array;
}

/** Visits, by cookie. */
export interface Visits {
  /** Begins one for whoever the tokens act for; returns the cookie. Where it throws, the tokens are given back. */
  begin(tokens: VisitorTokens): Promise<string>;
  /** Who the cookie stands for and what they see; undefined for nobody. `later` when GitHub cannot be asked. */
  audience(cookie: string): Promise<Audience | undefined>;
  /** Ends one and gives its token back. */
  end(cookie: string): Promise<void>;
}

const sightMs = 5 * 60_000;
const cookieBytes = 32;
/** Sights remembered. */
const sightsMax = 1_000;

/** The word that a form of this visit must carry: nobody has it who has not the cookie, and it does not tell the cookie. */
export function formKeyOf(cookie: string): string {
  return createHash("sha256").update(`form ${cookie}`).digest("base64url");
}

/** Visits over the store. */
export function createVisits(parts: VisitParts): Visits {
  const { store, seal, oauth, clock, random, log } = parts;
  const sights = new Map<string, { at: number; sight: Promise<Sight> }>();
  const isOver = (row: VisitRow) => row.began_at + visitMs < clock.now();
  const release = async (row: VisitRow, why: string) => {
    sights.delete(row.id);
    // The caretaker goes on where GitHub cannot be asked now.
    await giveBack(parts, row).catch((error: unknown) => log.warn({ err: error }, why));
  };
  const end = async (row: VisitRow, why: string) => {
    // The browser is nobody from here on.
    if (!isOver(row)) await backdateVisit(store.db, row.id, clock.now() - visitMs - 1);
    await release(row, why);
  };
  const look = (row: VisitRow): Promise<Sight> => {
    const known = sights.get(row.id);
    if (known && clock.now() < known.at + sightMs) return known.sight;
    const sight = freshTokens(parts, row).then(({ access }) => sightOf(oauth.as(access)));
    sights.delete(row.id);
    sights.set(row.id, { at: clock.now(), sight });
    for (const id of sights.keys()) if (sights.size > sightsMax) sights.delete(id);
    // What failed is asked again by the next who comes.
    sight.catch(() => sights.get(row.id)?.sight === sight && sights.delete(row.id));
    return sight;
  };
  return {
    begin: async (tokens) => {
      const cookie = Buffer.from(random(cookieBytes)).toString("base64url");
      const id = idOf(cookie);
      const nameless = await keepNameless(parts, id, tokens);
      const who = await whoIs(oauth.as(tokens.access));
      const row = { id, person_id: who.id, login: who.login, began_at: clock.now() };
      const sealed = sealTokens(seal, row, tokens);
      if (await changeVisit(store.db, nameless, { ...row, sealed })) return cookie;
      throw new Problem("later", "visit_late", "GitHub took too long over this sign-in. Begin again.");
    },
    audience: async (cookie) => {
      const row = await findVisit(store.db, idOf(cookie));
      if (!row) return undefined;
      if (isOver(row)) {
        await end(row, "the token of a visit that is over was not given back");
        return undefined;
      }
      try {
        return audienceOf(row, cookie, await look(row));
      } catch (error) {
        if (!isProblem(error)) throw error;
        // The key may come back until the visit is over; the caretaker says what becomes of it.
        if (error.code === "visit_sealed") return undefined;
        if (!overCodes.has(error.code)) throw error;
        log.info({ code: error.code }, "a visit ended at GitHub");
        await release(row, "the token of a visit that ended at GitHub was not given back");
        return undefined;
      }
    },
    end: async (cookie) => {
      const row = await findVisit(store.db, idOf(cookie));
      if (row) await end(row, "a token was not given back at the sign-out");
    },
  };
}

function idOf(cookie: string): string {
  return createHash("sha256").update(cookie).digest("hex");
}

function audienceOf({ login, person_id }: VisitRow, cookie: string, sight: Sight): Audience {
  return {
    looker: { login, formKey: formKeyOf(cookie) },
    repositories: [...sight.keys()],
    person: { login, id: person_id, type: "User" },
    levels: sight,
  };
}

async function freshTokens(parts: VisitParts, row: VisitRow): Promise<VisitorTokens> {
  const { clock, seal, store } = parts;
  const tokens = openTokens(seal, row);
  if (!tokens) throw unopened();
  if (!isSpent(tokens, clock.now())) return tokens;
  if (!tokens.refresh) throw over();
  try {
    const next = await replaceTokens(parts, row, tokens.refresh);
    // Signed out meanwhile: what came is the caretaker's to give back.
    if (next.row.id !== row.id) throw over();
    return next.tokens;
  } catch (error) {
    // A refresh token is good once: another replica may have used it, and then its tokens are here.
    const now = await findVisit(store.db, row.id);
    if (!now || now.sealed === row.sealed || isProblem(error, "later")) throw error;
    const theirs = openTokens(seal, now);
    if (!theirs) throw error;
    return theirs;
  }
}

/** Problems that end a visit: the tokens were taken back at GitHub, or lead no further. */
const overCodes: ReadonlySet<string> = new Set(["visit_over", "github_credentials", "github_refresh_dead"]);

function over(): Problem {
  return new Problem("refused", "visit_over", "You are not signed in any more.");
}
