/** How a request to the HTTP API is written: JSON in and out, with the token if there is one. */

export interface JsonRequest {
  readonly method: string;
  /** Bearer token; empty: none. */
  readonly token: string;
  /** None: undefined. */
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** What `fetch` is to do. A redirection is an error, so that the token reaches nobody but who was named. */
export function jsonRequest({ method, token, body, headers, signal }: JsonRequest): RequestInit {
  return {
    method,
    redirect: 'error',
    signal,
    headers: {
      accept: 'application/json',
      ...(token !== '' && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
}
