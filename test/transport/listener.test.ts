import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../src/runtime/endpoint.ts';
import { type Listener, listenTogether, type Transport } from '../../src/transport/listener.ts';

/** A transport that gives free ports from 1000 on, and at which some ports are taken. */
class FakeTransport implements Transport {
  readonly open = new Set<number>();
  readonly #taken: readonly number[];
  #free = 1000;

  constructor(...taken: readonly number[]) {
    this.#taken = taken;
  }

  listen({ host, port }: Endpoint): Promise<Listener> {
    const chosen = port === 0 ? this.#free++ : port;
    if (this.#taken.includes(chosen)) return Promise.reject(Object.assign(new Error('taken'), { code: 'EADDRINUSE' }));
    this.open.add(chosen);
    return Promise.resolve({ endpoint: { host, port: chosen }, close: () => Promise.resolve(void this.open.delete(chosen)) });
  }
}

const any: Endpoint = { host: '127.0.0.1', port: 0 };

describe('listenTogether', () => {
  it('gives all transports the same port', async () => {
    const [one, other] = [new FakeTransport(), new FakeTransport()];
    expect(await listenTogether([one, other], any)).toEqual({ host: '127.0.0.1', port: 1000 });
    expect([...one.open, ...other.open]).toEqual([1000, 1000]);
  });

  it('tries the next free port where the first is taken for another transport', async () => {
    const [one, other] = [new FakeTransport(), new FakeTransport(1000, 1001)];
    expect(await listenTogether([one, other], any)).toMatchObject({ port: 1002 });
    expect([...one.open, ...other.open]).toEqual([1002, 1002]);
  });

  it('gives up after some tries, and listens nowhere', async () => {
    const [one, other] = [new FakeTransport(), new FakeTransport(...Array.from({ length: 100 }, (_, number) => 1000 + number))];
    await expect(listenTogether([one, other], any)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(one.open).toHaveLength(0);
  });

  it('takes no other port than the one that was asked for', async () => {
    const [one, other] = [new FakeTransport(), new FakeTransport(53)];
    await expect(listenTogether([one, other], { ...any, port: 53 })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(one.open).toHaveLength(0);
  });
});
