/** A registry in memory and in fake time that keeps to the HTTP contract, handed to agents as their `fetch`. */
import type { Clock } from '../../src/runtime/clock.ts';

export interface FakeInstance {
  readonly body: Record<string, unknown>;
  readonly generation: number;
  revision: number;
  status: string;
  renewedAt: number;
}

export interface FakeRequest {
  readonly method: string;
  /** Path after `/v1/services/`, with the query. */
  readonly path: string;
  readonly at: number;
  readonly token: string | null;
  readonly server: string;
  readonly body: unknown;
}

const lease = 15;

export class FakeRegistry {
  readonly #clock: Clock;
  readonly instances = new Map<string, FakeInstance>();
  readonly requests: FakeRequest[] = [];
  /** What every request gets instead of an answer; null: an answer. */
  trouble: 'down' | 'silent' | { readonly status: number; readonly code: string; readonly retryAfter?: number } | null =
    null;
  /** Servers that are not there. */
  readonly dead = new Set<string>();
  /** Token that is asked for; null: none. */
  token: string | null = null;
  /** Seconds for which resolvers hold what is drained. */
  heldFor = 5;
  #revision = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be handed to `register`. */
  readonly fetch = (async (input: URL, init: RequestInit): Promise<Response> => {
    const url = new URL(input);
    const headers = new Headers(init.headers);
    const token = headers.get('authorization')?.replace('Bearer ', '') ?? null;
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : null;
    const path = url.pathname.replace('/v1/services/', '') + url.search;
    this.requests.push({ method: init.method!, path, at: this.#clock.now(), token, server: url.origin, body });
    const aborted = new Promise<never>((_, reject) =>
      init.signal!.addEventListener('abort', () => reject(init.signal!.reason as Error)),
    );
    const { trouble } = this;
    if (trouble === 'down' || this.dead.has(url.origin))
      throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
    if (trouble === 'silent') return aborted;
    if (trouble !== null) return problem(trouble.status, trouble.code, trouble.retryAfter);
    if (this.token !== null && token !== this.token) return problem(401, 'unauthorized');
    return this.#answer(init.method!, url, headers, body as Record<string, unknown>);
  }) as typeof fetch;

  /** The instance `service/id`, unless its lease has ended. */
  find(key: string): FakeInstance | undefined {
    const found = this.instances.get(key);
    if (found === undefined || this.#clock.now() - found.renewedAt <= lease * 1000) return found;
    this.instances.delete(key);
    return undefined;
  }

  #answer(method: string, url: URL, headers: Headers, body: Record<string, unknown>): Response {
    const [service, , id, action] = url.pathname.replace('/v1/services/', '').split('/');
    const key = `${service!}/${id!}`;
    const known = this.find(key);
    const wanted = headers.get('if-match');
    const isStale =
      headers.get('if-none-match') === '*'
        ? known !== undefined
        : wanted !== null && known !== undefined && wanted !== `"${known.revision}"`;
    if (isStale) return problem(412, 'stale');
    if (method === 'PUT') return this.#put(service!, id!, key, known, body);
    if (known === undefined)
      return problem(action === 'renew' || method === 'DELETE' ? 410 : 404, action === 'renew' ? 'gone' : 'not-found');
    const generation = action === 'renew' ? body['generation'] : url.searchParams.get('generation');
    if (generation !== null && generation !== undefined && Number(generation) !== known.generation)
      return problem(409, 'replaced');
    if (method === 'DELETE') this.instances.delete(key);
    if (action === 'renew') known.renewedAt = this.#clock.now();
    if (action === 'drain') known.status = 'draining';
    if (method === 'PATCH') Object.assign(known.body, body);
    if (method === 'PATCH' && typeof body['status'] === 'string') known.status = body['status'];
    if (method === 'PATCH' || action === 'drain') known.revision = ++this.#revision;
    const { generation: current, revision, status } = known;
    const safeToStopAt = new Date(this.#clock.wall() + this.heldFor * 1000).toISOString();
    return this.#json(200, {
      service,
      id,
      generation: current,
      revision,
      status,
      lease: { seconds: lease, renewAfter: lease / 3 },
      safeToStopAt,
    });
  }

  #put(
    service: string,
    id: string,
    key: string,
    known: FakeInstance | undefined,
    body: Record<string, unknown>,
  ): Response {
    const isSame = known !== undefined && JSON.stringify(known.body) === JSON.stringify(body);
    const revision = isSame ? known.revision : ++this.#revision;
    const instance = {
      body,
      generation: isSame ? known.generation : revision,
      revision,
      status: (body['status'] as string | undefined) ?? 'passing',
      renewedAt: this.#clock.now(),
    };
    this.instances.set(key, instance);
    const reply = {
      service,
      id,
      generation: instance.generation,
      revision,
      status: instance.status,
      lease: { seconds: lease, renewAfter: lease / 3 },
      names: [`${id}.${service}.svc.internal`],
      warnings: [],
    };
    return this.#json(known ? 200 : 201, reply);
  }

  #json(status: number, body: unknown): Response {
    return Response.json(body, { status, headers: { date: new Date(this.#clock.wall()).toUTCString() } });
  }
}

function problem(status: number, code: string, retryAfter?: number): Response {
  const headers = {
    'content-type': 'application/problem+json',
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
  };
  return new Response(JSON.stringify({ status, code, detail: `the problem is ${code}` }), { status, headers });
}
