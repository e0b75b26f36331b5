/**
 * The yardstick: Probot's own server with an app that does nothing, as its documentation deploys it.
 * Runs as a process of its own; configured by the variables Probot reads.
 */
import { Probot, Server } from "probot";

const { APP_ID = "", PRIVATE_KEY = "", WEBHOOK_SECRET = "", HOST = "", PORT = "" } = process.env;
const server = new Server({
  host: HOST,
  port: Number(PORT),
  Probot: Probot.defaults({ appId: APP_ID, privateKey: PRIVATE_KEY, secret: WEBHOOK_SECRET }),
});
await server.load((app) => {
  app.on("issues", () => {});
});
await server.start();
