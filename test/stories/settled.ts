/** Stories about settings: a run that works by them from the moment before its session is opened. */
import type { Settings } from "../../src/domain/settings.ts";
import type { Stage } from "./stage.ts";

/** Labels an issue whose run works by these settings. */
export async function labelledWith(stage: Stage, change: Partial<Settings>): Promise<number> {
  stage.claude.fault({ on: "POST /v1/sessions", trouble: { kind: "status", status: 529 } });
  const issue = stage.labelled();
  await stage.pass(100);
  await stage.resettle((settings) => ({ ...settings, ...change }));
  return issue;
}
