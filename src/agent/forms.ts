/**
 * Forms for a fetch that is not the runtime's own: the SDK builds an upload from the runtime's `FormData`, which
 * the dispatcher's fetch does not know. It is sent as the bytes it stands for.
 */

/** The fetch, able to send the runtime's `FormData`; the SDK asks for it by `Response`. */
export function withForms(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  const sending: typeof globalThis.fetch = async (input, init) => {
    if (!(init?.body instanceof FormData)) return fetch(input, init);
    const encoded = new Response(init.body);
    const headers = new Headers(init.headers);
    headers.set("content-type", encoded.headers.get("content-type") ?? "multipart/form-data");
    return fetch(input, { ...init, headers, body: await encoded.arrayBuffer() });
  };
  return Object.assign(sending, { Response });
}
