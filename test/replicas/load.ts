/**
 * Signed deliveries at a steady rate, as many as a busy organisation sends, and what was answered to each. They
 * are comments that ask for nothing, so that only taking them in is work.
 */
import { createHmac, randomUUID } from "node:crypto";
import { pause, systemClock } from "../../src/clock.ts";
import { labelled } from "../doors/payload.ts";
import type { GitHubSim } from "../sim/github/github.ts";

/** What was sent so far. */
export interface Load {
  /** Ids of deliveries that were acknowledged with 202. */
  acknowledged: string[];
  /** How often each other answer came; `none` where the connection broke. */
  others: Map<string, number>;
  /** Sends no more; resolves when all is answered. */
  stop(): Promise<void>;
}

const sendMsMax = 15_000;

/** Sends `perSecond` deliveries to what `url` names at that moment. */
export function sendLoad(
  { app }: Pick<GitHubSim, "app">,
  { url, perSecond }: { url: () => string; perSecond: number },
): Load {
  const acknowledged: string[] = [];
  const others = new Map<string, number>();
  const note = (answer: string) => others.set(answer, (others.get(answer) ?? 0) + 1);
  const send = async () => {
    const id = randomUUID();
    const body = JSON.stringify(labelled({ action: "unlabeled", label: { name: id } }));
    const signature = createHmac("sha256", app.webhookSecret).update(body).digest("hex");
    const headers = {
      "content-type": "application/json",
      "x-github-delivery": id,
      "x-github-event": "issues",
      "x-hub-signature-256": `sha256=${signature}`,
    };
    try {
      const signal = AbortSignal.timeout(sendMsMax);
      const { status } = await fetch(`${url()}/api/github/webhooks`, {
        method: "POST",
        headers,
        body,
        signal,
      });
      if (status === 202) acknowledged.push(id);
      else note(String(status));
    } catch {
      note("none");
    }
  };
  let going = true;
  const sending = (async () => {
    const began = systemClock.now();
    const sent: Promise<void>[] = [];
    while (going) {
      const due = ((systemClock.now() - began) / 1_000) * perSecond;
      while (sent.length < due) sent.push(send());
      await pause(systemClock, 10);
    }
    await Promise.all(sent);
  })();
  return {
    acknowledged,
    others,
    stop: async () => {
      going = false;
      await sending;
    },
  };
}
