/** The HTTP API as a user of curl has it. */

export interface ApiReply {
  readonly status: number;
  readonly headers: Headers;
  // The shape is what the tests are about.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

/** One request to a server; `body` goes as JSON. */
export async function api(url: string, method: string, path: string, body?: unknown): Promise<ApiReply> {
  const response = await fetch(url + path, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}

/** Registers an instance and fails loudly when the server refuses. */
export async function register(url: string, service: string, id: string, body: object): Promise<ApiReply> {
  const reply = await api(url, 'PUT', `/v1/services/${service}/instances/${id}`, body);
  if (reply.status >= 300) throw new Error(`PUT ${service}/${id}: ${reply.status} ${JSON.stringify(reply.body)}`);
  return reply;
}
