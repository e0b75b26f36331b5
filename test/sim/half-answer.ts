/**
 * An answer that stalls: the head says how much is to come, half of it comes, and then nothing does.
 */

/** The same answer, of which only the first half is ever sent. */
export async function halfOf(response: Response): Promise<Response> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const headers = new Headers(response.headers);
  headers.set("content-length", String(bytes.length));
  const start = (controller: ReadableStreamDefaultController) =>
    controller.enqueue(bytes.subarray(0, bytes.length >> 1));
  return new Response(new ReadableStream({ start }), { status: response.status, headers });
}
