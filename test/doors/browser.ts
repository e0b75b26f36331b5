/** A browser without a screen: it keeps each server's cookies and follows nothing by itself. */
import { type Answered, type Headers, send } from "./service.ts";

/** Keeps cookies by host. */
export class Browser {
  readonly #jars = new Map<string, Map<string, string>>();
  readonly #home: string;

  /** `home`: what paths are relative to. */
  constructor(home: string) {
    this.#home = home;
  }

  get(where: string, headers: Headers = {}): Promise<Answered> {
    return this.#ask(where, { method: "GET", headers });
  }

  post(where: string, fields: Record<string, string> = {}, headers: Headers = {}): Promise<Answered> {
    return this.#ask(where, { method: "POST", headers }, new URLSearchParams(fields).toString());
  }

  /** What the browser keeps of a host's cookie; undefined when there is none of that name. */
  cookie(name: string, where = this.#home): string | undefined {
    return this.#jars.get(new URL(where).host)?.get(name);
  }

  async #ask(where: string, how: { method: string; headers: Headers }, body = ""): Promise<Answered> {
    const target = new URL(where, this.#home);
    const jar = this.#jars.get(target.host) ?? new Map<string, string>();
    this.#jars.set(target.host, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const type = body === "" ? {} : { "content-type": "application/x-www-form-urlencoded" };
    // Of a form of its own pages, unless a test says another.
    const origin = how.method === "POST" ? { origin: target.origin } : {};
    const headers = { ...(cookie === "" ? {} : { cookie }), ...type, ...origin, ...how.headers };
    const answer = await send(target.href, { method: how.method, headers }, body);
    for (const line of answer.headers["set-cookie"] ?? []) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0\b/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  }

  /** Signs in as somebody, by GitHub's pages; returns the answer to what GitHub sent the browser back with. */
  async signIn(login: string, to = "/"): Promise<Answered> {
    const back = await this.comeBack(login, to);
    return this.get(back);
  }

  /** Signs in up to the address that GitHub sends the browser back to. */
  async comeBack(login: string, to = "/"): Promise<string> {
    const away = await this.get(`/auth/sign-in?to=${encodeURIComponent(to)}`);
    const authorize = String(away.headers["location"]);
    const host = new URL(authorize).origin;
    const asked = await this.get(authorize);
    if (asked.status === 302) {
      const login_ = new URL(String(asked.headers["location"]), host);
      login_.searchParams.set("login", login);
      await this.get(login_.href);
    }
    const agreed = await this.post(authorize);
    return String(agreed.headers["location"]);
  }
}

/** The word that forms of a page carry. */
export function formKey({ text }: Answered): string {
  return /name="key" value="([^"]+)"/.exec(text)?.[1] ?? "";
}
