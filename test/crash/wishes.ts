/**
 * What people last wished of the issue, by GitHub's own times and however late word of it came: a stop ends the work
 * that was asked for before it, and work that was asked for after it is done.
 */
import { receivedAt } from "./late.ts";
import type { Scene } from "./scene.ts";
import { headlineOf } from "./story.ts";

type Delivery = Scene["github"]["deliveries"][number];

const stops = /^\/agent stop/;
const asks = /^\/(fix|agent (fix|plan|retry|approve|budget))/;

/** The text of a comment or review that a delivery tells of. */
export function textOf(payload: Delivery["payload"]): string | undefined {
  const { comment, review } = payload as { comment?: { body?: string }; review?: { body?: string } };
  return (comment ?? review)?.body;
}

/** What a delivery tells people to have wished; undefined where it is nothing of the kind. */
function wishOf({ event, action, payload }: Delivery): "work" | "stop" | undefined {
  const text = action === "created" ? (textOf(payload) ?? "") : "";
  if (stops.test(text)) return "stop";
  if (asks.test(text)) return "work";
  const wishes: Record<string, "work" | "stop"> = {
    "issues.labeled": "work",
    "issues.unlabeled": "stop",
    "issues.closed": "stop",
    "pull_request.closed": "stop",
    "pull_request_review.submitted": "work",
  };
  return wishes[`${event}.${action}`];
}

/** GitHub's times are cut to seconds; of one second the stop counts. */
const secondOf = ({ at }: Delivery) => Math.floor(at / 1_000);

/** All that goes against the last wish. */
export function wishFlaws(world: Scene): string[] {
  const wishes = world.github.deliveries.filter(({ redelivery }) => !redelivery);
  const stop = wishes.findLast((one) => wishOf(one) === "stop");
  if (!stop) return [];
  const isAfter = (one: Delivery) =>
    // Of labels GitHub's record tells the order, also within a second.
    stop.action === "unlabeled" && one.action === "labeled"
      ? wishes.indexOf(one) > wishes.indexOf(stop)
      : secondOf(one) > secondOf(stop);
  const isWanted = wishes.some((one) => wishOf(one) === "work" && isAfter(one));
  if (isWanted) {
    const isDone = world.rows("runs").length > 0 && !headlineOf(world).includes("**stopped**");
    return isDone ? [] : ["what was asked for after the stop came to nothing"];
  }
  const heardAt = receivedAt(world, stop.guid);
  const late = wishes.filter(
    ({ event, action, at }) => event === "pull_request" && action === "opened" && heardAt > 0 && at > heardAt,
  );
  return [
    ...world
      .rows("runs")
      .flatMap(({ phase }) => (phase === "working" ? ["a run is at work after the stop"] : [])),
    ...late.map(() => "a pull request was opened after word of the stop had come"),
  ];
}
