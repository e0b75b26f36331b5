/**
 * An MCP server as a host runs one: JSON-RPC over HTTP, opened by a bearer token that it has somebody judge.
 * It knows a token by its hash only.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

/** One call, as assertions see it. */
export interface McpRequest {
  tool: string;
  /** Absent when no token was sent. */
  tokenSha256?: string;
  status: number;
}

/** A running server. */
export interface McpSim {
  url: string;
  /** Every call so far, oldest first. */
  log: McpRequest[];
  /** Judges tokens by their SHA-256; everybody may in while unset. */
  judge(accepts: (tokenSha256: string | undefined) => boolean): void;
  stop(): Promise<void>;
}

/** Starts a server on loopback. */
export async function startMcp(): Promise<McpSim> {
  const log: McpRequest[] = [];
  let accepts: (tokenSha256: string | undefined) => boolean = () => true;
  const server = createServer(async (request, response) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    const tokenSha256 = token && createHash("sha256").update(token).digest("hex");
    const { params } = JSON.parse(await text(request)) as { params: { name: string } };
    const status = accepts(tokenSha256) ? 200 : 401;
    log.push({ tool: params.name, status, ...(tokenSha256 ? { tokenSha256 } : {}) });
    const result = { content: [{ type: "text", text: `${params.name} says so` }] };
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/mcp/`,
    log,
    judge: (judging) => {
      accepts = judging;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
