/**
 * Which kind of delivery a body is, as cheaply as it can be told: every delivery at the door is asked.
 */

/** `event.action`, or the event alone where the body names no action; undefined where the body has no such shape. */
export function kindOf(event: string, payload: unknown): string | undefined {
  if (!isMembers(payload)) return undefined;
  const { action } = payload;
  if (action === undefined) return event;
  return typeof action === "string" ? `${event}.${action}` : undefined;
}

/** Is it a JSON object? */
export function isMembers(payload: unknown): payload is Record<string, unknown> {
  return typeof payload === "object" && payload !== null && !Array.isArray(payload);
}
