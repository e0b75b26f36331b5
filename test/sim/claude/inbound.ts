/**
 * Takes in what we send to a session. A request is judged as a whole before anything of it takes effect:
 * which events a session accepts depends on whether it works, rests, waits for answers or has spent its budget.
 */
import type { BetaManagedAgentsSendSessionEvents } from "@anthropic-ai/sdk/resources/beta/sessions";
import type { InboundEvent } from "./event-shapes.ts";
import { invalid, Refusal } from "./refusal.ts";
import type { Session } from "./session.ts";
import type { World } from "./world.ts";

type Sent = NonNullable<BetaManagedAgentsSendSessionEvents["data"]>[number];

const settling =
  "`user.tool_confirmation`, `user.custom_tool_result`, `user.tool_result`, or `user.interrupt`";

/** Accepts every event or throws (400, or the switch's status for a session that is over) and does nothing. */
export function receive(world: World, session: Session, events: InboundEvent[]): Sent[] {
  check(world, session, events);
  return events.map((event) => take(world, session, event));
}

function check(world: World, session: Session, events: InboundEvent[]): void {
  if (session.status === "terminated")
    throw new Refusal(
      world.switches.endedSendStatus,
      `session ${session.id} is terminated; it takes no events`,
    );
  const open = new Set(session.pending.keys());
  for (const [place, event] of events.entries()) {
    const refuse = (why: string) => invalid(`Invalid ${event.type} event at events[${place}]: ${why}`);
    switch (event.type) {
      case "user.message":
        if (open.size > 0)
          throw refuse(
            `waiting on responses to events [${[...open].join(", ")}]; only ${settling} may be sent`,
          );
        if (session.stop?.type === "budget_reached")
          throw refuse(`the session's budget is reached; only ${settling} may be sent`);
        break;
      case "user.interrupt":
        checkThread(session, event.session_thread_id ?? undefined, refuse);
        open.clear();
        break;
      case "user.custom_tool_result":
        if (
          session.pending.get(event.custom_tool_use_id)?.kind !== "custom_tool" ||
          !open.delete(event.custom_tool_use_id)
        )
          throw refuse(`\`custom_tool_use_id\` ${event.custom_tool_use_id} is not waiting for a result`);
        break;
      case "user.tool_confirmation":
        if (event.result === "allow" && typeof event.deny_message === "string")
          throw refuse("deny_message belongs to a denial");
        if (session.pending.get(event.tool_use_id)?.kind !== "permission" || !open.delete(event.tool_use_id))
          throw refuse(`\`tool_use_id\` ${event.tool_use_id} is not waiting for a confirmation`);
        break;
    }
  }
}

function checkThread(session: Session, threadId: string | undefined, refuse: (why: string) => Refusal): void {
  if (threadId !== undefined && threadId !== session.threadId) throw refuse(`no thread ${threadId}`);
}

function take(world: World, session: Session, event: InboundEvent): Sent {
  const id = world.ids("sevt");
  switch (event.type) {
    case "user.message": {
      const queued = { ...event, id, processed_at: null };
      session.enqueue(queued);
      session.crew.wake();
      return queued;
    }
    case "user.interrupt": {
      const queued = { ...event, id, processed_at: null, session_thread_id: event.session_thread_id ?? null };
      session.enqueue(queued);
      const atWork = session.status === "running" || session.status === "rescheduling";
      if (atWork || session.pending.size > 0) session.crew.interrupt();
      else session.process(queued);
      return queued;
    }
    case "user.custom_tool_result": {
      const stamped = session.stamp({ ...event, id, session_thread_id: null });
      session.publish(stamped);
      session.pending.get(event.custom_tool_use_id)?.settle(stamped);
      return stamped;
    }
    case "user.tool_confirmation": {
      const denyMessage = event.deny_message ?? null;
      const stamped = session.stamp({ ...event, id, deny_message: denyMessage, session_thread_id: null });
      session.publish(stamped);
      session.pending.get(event.tool_use_id)?.settle({ result: event.result, denyMessage });
      return stamped;
    }
  }
}
