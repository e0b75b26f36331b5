/** Planted bugs in what is made of people's words, and of the order in which they are heard. */
import { late, type Plant, plant, played } from "./plant.ts";

/** The bugs. */
export const wordPlants: Plant[] = [
  plant(
    "a label that was taken off before its run began is forgotten",
    played("main", {
      point: "after write delete deliveries #1",
      blow: "crash",
      back: "two hours later",
      meanwhile: "takes the label off",
    }),
    [
      "doors/intake.ts",
      "await rememberUnlabelled(tx, { ...key, label }, stop.at);",
      "void rememberUnlabelled;",
    ],
  ),
  plant("a stop waits for the next look", played("stop"), ["doors/stopping.ts", "`, wake: id };", "` };"]),
  plant("a stop is not asked about", played("stop"), [
    "mission/mission.ts",
    "if (off) return off;",
    "void off;",
  ]),
  plant(
    "a stop that comes before what it was about is forgotten",
    late("main", "issues.labeled by mona #1", "says stop"),
    [
      "store/memos.ts",
      "if (at > before) await writeMemo(db, issueName(stopPrefixes[which], issue), String(at));",
      "void before;",
    ],
  ),
  // These only late deliveries show: in no other play do people call work off and ask for it again while it is done.
  plant(
    "a closing counts when it is heard",
    late("long work", "issues.closed by mona #1", "closes, opens and labels"),
    [
      "doors/precedence.ts",
      "if (writtenAt === undefined) return receivedAt < origin.at;",
      "if (origin.at > 0) return receivedAt < origin.at;",
    ],
  ),
  plant(
    "a label that came off stops the run, although it was put on again",
    late("long work", "issues.unlabeled by mona #1", "takes the label off and puts it on"),
    [
      "doors/labelling.ts",
      'if (last?.kind !== "labeled") return last ? { writtenAt: last.at } : {};',
      'if (last) return last.kind === "labeled" ? {} : { writtenAt: last.at };',
    ],
  ),
];
