import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createResolver,
  type ResolverOptions,
  type Service,
  type ServiceEventName,
  type ServiceOptions,
  SrvError,
} from '../../src/client/index.ts';
import { FakeClock, settled } from '../support/clock.ts';
import { uniform } from '../support/random.ts';
import { ScriptedDns } from '../support/scripted-dns.ts';

const name = '_web._tcp.example.test';
const a = '10 100 8080 a.test 10.0.0.1';
const b = '10 100 8080 b.test 10.0.0.2';
const c = '20 100 8080 c.test 10.0.0.3';
const hour = 3_600_000;

interface Watched {
  readonly clock: FakeClock;
  readonly dns: ScriptedDns;
  readonly service: Service;
  /** Events so far, as `name` or `name detail`. */
  readonly events: string[];
}

/** A ready service over scripted DNS in fake time; its events are written down. */
async function watch(
  answer: readonly string[],
  options: ServiceOptions = {},
  resolverOptions: ResolverOptions = {},
): Promise<Watched> {
  const clock = new FakeClock();
  const dns = new ScriptedDns(() => clock.now(), answer);
  const resolver = createResolver({ ask: dns.ask, clock, random: () => 0.5, ...resolverOptions });
  const service = resolver.service(name, options);
  const events: string[] = [];
  service.on('update', ({ added, removed, changed }) =>
    events.push(
      [
        'update',
        ...added.map(({ host }) => `+${host}`),
        ...removed.map(({ host }) => `-${host}`),
        ...changed.map(({ host }) => `~${host}`),
      ].join(' '),
    ),
  );
  service.on('ejected', ({ target, reason, forMs }) => events.push(`ejected ${target.host} ${reason} ${forMs}`));
  service.on('restored', ({ target }) => events.push(`restored ${target.host}`));
  service.on('failover', ({ fromPriority, toPriority }) => events.push(`failover ${fromPriority} ${toPriority}`));
  service.on('panic', ({ on }) => events.push(`panic ${on}`));
  service.on('unavailable', ({ error }) => events.push(`unavailable ${error.code}`));
  for (const plain of ['stale', 'fresh'] satisfies ServiceEventName[]) service.on(plain, () => events.push(plain));
  await settled();
  return { clock, dns, service, events };
}

function hosts(service: Service): string[] {
  return service.targets().map(({ host }) => host);
}

function refused(): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' });
}

/** Picks and fails until the target `host` has been hit `times` times. */
function failOn(service: Service, host: string, times: number, error = new Error('reset')): void {
  for (let failures = 0, tries = 0; failures < times; tries++) {
    if (tries > 10_000) throw new Error(`${host} is never picked`);
    const pick = service.pick();
    if (pick.host === host) failures += 1;
    pick.done(pick.host === host ? error : undefined);
  }
}

describe('what a service knows', () => {
  it('is asked for again before an authoritative answer ends, and after a cached one has', async () => {
    const fresh = await watch([a]);
    await fresh.clock.pass(16_999); // 5 s x 0.85
    expect(fresh.dns.asked).toEqual([0, 4250, 8500, 12_750]);
    const cached = await watch([a]);
    cached.dns.authoritative = false;
    await cached.clock.pass(4250 + 5500);
    expect(cached.dns.asked).toEqual([0, 4250, 9750]); // then 5 s x 1.1
  });

  it('is asked for at times that no two processes share', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        fc.boolean(),
        async (random, authoritative) => {
          const clock = new FakeClock();
          const dns = new ScriptedDns(() => clock.now(), [a]);
          dns.authoritative = authoritative;
          using resolver = createResolver({ ask: dns.ask, clock, random: () => random });
          resolver.service(name);
          await clock.pass(6001);
          const share = dns.asked[1]! / 5000;
          const [from, to] = authoritative ? [0.75, 0.95] : [1, 1.2];
          expect(share).toBeCloseTo(from + (to - from) * random, 6);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('tells what came, went and changed, and nothing when only order or TTL did', async () => {
    const { clock, dns, service, events } = await watch([a, b]);
    dns.answer = [b, a];
    dns.ttlMs = 7000;
    await clock.pass(4300);
    dns.answer = [b.replace('100', '50'), c];
    await clock.pass(7000);
    expect(events).toEqual(['update +a.test +b.test', 'update +c.test -a.test ~b.test']);
    expect(hosts(service)).toEqual(['b.test', 'c.test']);
  });

  it('outlives an hour of dead DNS without one error', async () => {
    const { clock, dns, service, events } = await watch([a, b]);
    await clock.pass(100);
    dns.answer = 'dead';
    for (let second = 0; second < 3600; second++) {
      await clock.pass(1000);
      service.pick().done();
      await service.run(() => Promise.resolve());
    }
    expect(hosts(service)).toEqual(['a.test', 'b.test']);
    expect(service.lastError).toMatchObject({ code: 'SRV_TIMEOUT' });
    expect(dns.asked.length, 'asked with a backoff').toBeLessThan(80);
    dns.answer = [a, b];
    await clock.pass(72_000);
    expect(events).toEqual(['update +a.test +b.test', 'stale', 'fresh']);
    expect(service.lastError).toBeNull();
  });

  it('ends after two hours of dead DNS', async () => {
    const { clock, dns, service, events } = await watch([a]);
    dns.answer = 'dead';
    await clock.pass(2 * hour);
    expect(hosts(service)).toEqual(['a.test']);
    await clock.pass(90_000);
    expect(hosts(service)).toEqual([]);
    expect(events).toEqual(['update +a.test', 'stale', 'update -a.test', 'unavailable SRV_TIMEOUT']);
    expect(() => service.pick()).toThrow(expect.objectContaining({ code: 'SRV_TIMEOUT' }) as Error);
  });

  it.each(['nxdomain', 'nodata'] as const)('survives 20 seconds of %s without a change', async (absence) => {
    const { clock, dns, service, events } = await watch([a]);
    dns.answer = absence;
    await clock.pass(20_000);
    expect(service.pick().host).toBe('a.test');
    dns.answer = [a];
    await clock.pass(10_000);
    expect(events).toEqual(['update +a.test', 'stale', 'fresh']);
  });

  it('believes an empty answer after 30 seconds', async () => {
    const { clock, dns, service, events } = await watch([a]);
    dns.answer = 'nodata';
    await clock.pass(4250 + 29_999);
    expect(hosts(service)).toEqual(['a.test']);
    await clock.pass(1);
    expect(hosts(service)).toEqual([]);
    expect(events.at(-1)).toBe('unavailable SRV_NODATA');
  });

  it('believes target "." at once', async () => {
    const { clock, dns, service } = await watch([a]);
    dns.answer = ['0 0 0 .'];
    await clock.pass(5000);
    expect(() => service.pick()).toThrow(expect.objectContaining({ code: 'SRV_UNAVAILABLE' }) as Error);
    await expect(service.ready()).rejects.toMatchObject({ code: 'SRV_UNAVAILABLE' });
  });

  it('leaves out targets without address, and is unavailable when none has any', async () => {
    const { clock, dns, service } = await watch([a, '10 100 80 lost.test']);
    expect(hosts(service)).toEqual(['a.test']);
    dns.answer = ['10 100 80 lost.test'];
    await clock.pass(5000);
    await expect(service.ready()).rejects.toMatchObject({ code: 'SRV_NOTARGETS' });
  });

  it('keeps a target that left DNS listed while calls run on it, and picks it no more', async () => {
    const { clock, dns, service } = await watch([a, b], { policy: 'roundRobin' });
    const picks = [service.pick(), service.pick()];
    dns.answer = [b];
    await clock.pass(5000);
    expect(service.targets().map(({ host, state }) => `${host} ${state}`)).toEqual(['b.test ok', 'a.test expired']);
    for (let call = 0; call < 10; call++) expect(service.pick().host).toBe('b.test');
    picks.forEach((pick) => pick.done());
    expect(hosts(service)).toEqual(['b.test']);
  });

  it('forgets such a target after a minute, whether its calls have ended or not', async () => {
    const { clock, dns, service } = await watch([a, b], { policy: 'roundRobin' });
    service.pick();
    service.pick();
    dns.answer = [b];
    await clock.pass(64_300);
    expect(hosts(service)).toEqual(['b.test']);
  });

  it('is suspended when nobody uses it, and wakes with the next use', async () => {
    const clock = new FakeClock();
    const dns = new ScriptedDns(() => clock.now(), [a]);
    using resolver = createResolver({ ask: dns.ask, clock });
    const service = resolver.service(name);
    await clock.pass(hour);
    expect(dns.asked.length).toBeLessThan(8);
    dns.answer = [b];
    const before = dns.asked.length;
    await service.ready();
    expect(dns.asked).toHaveLength(before + 1);
    expect(service.pick().host).toBe('b.test');
  });

  it('is asked for once for all services of a name, and no more when the last of them is closed', async () => {
    const clock = new FakeClock();
    const dns = new ScriptedDns(() => clock.now(), [a]);
    using resolver = createResolver({ ask: dns.ask, clock });
    const services = [resolver.service(name), resolver.service(name.toUpperCase()), resolver.service(`${name}.`)];
    await settled();
    expect(dns.asked).toHaveLength(1);
    for (const service of services) expect(service.pick().host).toBe('a.test');
    for (const service of services) service.close();
    await clock.pass(hour);
    expect(dns.asked).toHaveLength(1);
    expect(clock.pending).toBe(0);
    expect(() => services[0]!.pick()).toThrow(expect.objectContaining({ code: 'SRV_CLOSED' }) as Error);
  });

  it('keeps the addresses of a target whose lookup fails', async () => {
    const clock = new FakeClock();
    const dns = new ScriptedDns(() => clock.now(), ['10 100 80 a.test']);
    let dead = false;
    using resolver = createResolver({
      clock,
      ask: (asked, type, signal) => {
        if (type === 'SRV') return dns.ask(asked, type, signal);
        if (dead) return Promise.reject(new SrvError('SRV_TIMEOUT', asked, 'no answer'));
        const answers = type === 'A' ? [{ type, owner: asked, ttlMs: 1000, address: '10.0.0.9' }] : [];
        return Promise.resolve({
          rcode: 'NOERROR',
          authoritative: true,
          answers,
          additionals: [],
          negativeTtlMs: 1000,
        });
      },
    });
    const service = resolver.service(name);
    service.on('stale', () => undefined);
    await settled();
    dead = true;
    await clock.pass(60_000);
    expect(service.pick()).toMatchObject({ address: '10.0.0.9', authority: '10.0.0.9:80' });
  });

  it('is told on diagnostics channels too', async () => {
    const messages: unknown[] = [];
    const listener = (message: unknown): void => void messages.push(message);
    subscribe('signpost:client:update', listener);
    await watch([a]);
    unsubscribe('signpost:client:update', listener);
    expect(messages).toMatchObject([{ service: name, added: [{ host: 'a.test' }], ttlMs: 5000 }]);
  });

  it('can be looped over', async () => {
    const { clock, dns, service } = await watch([a]);
    const seen: string[] = [];
    const loop = (async () => {
      for await (const targets of service) seen.push(targets.map(({ host }) => host).join(' '));
    })();
    await settled();
    dns.answer = [a, b];
    await clock.pass(5000);
    service.close();
    await loop;
    expect(seen).toEqual(['a.test', 'a.test b.test']);
  });
});

describe('ready', () => {
  it('waits for a server that comes back', async () => {
    const clock = new FakeClock();
    const dns = new ScriptedDns(() => clock.now());
    dns.answer = 'dead';
    using resolver = createResolver({ ask: dns.ask, clock });
    const ready = resolver.service(name).ready();
    await clock.pass(900);
    dns.answer = [a];
    await clock.pass(400);
    expect((await ready).map(({ host }) => host)).toEqual(['a.test']);
  });

  it('fails after its timeout with what the servers said', async () => {
    const clock = new FakeClock();
    const dns = new ScriptedDns(() => clock.now());
    dns.answer = 'dead';
    using resolver = createResolver({ ask: dns.ask, clock });
    const ready = expect(resolver.service(name).ready()).rejects.toMatchObject({ code: 'SRV_TIMEOUT' });
    await clock.pass(5000);
    await ready;
  });

  it('does not wait when DNS says that there is nothing', async () => {
    const { service } = await watch([]);
    await expect(service.ready()).rejects.toMatchObject({ code: 'SRV_NODATA' });
  });

  it('ends with the signal of its caller', async () => {
    using resolver = createResolver({ ask: () => new Promise(() => undefined), clock: new FakeClock() });
    const controller = new AbortController();
    const ready = resolver.service(name).ready({ signal: controller.signal });
    controller.abort();
    await expect(ready).rejects.toMatchObject({ code: 'SRV_ABORTED' });
  });
});

describe('ejection', () => {
  const four = ['a', 'b', 'c', 'd'].map((host, index) => `10 100 80 ${host}.test 10.0.0.${index}`);

  it('follows five failures in a row, for 30 s and longer each time', async () => {
    const { clock, service, events } = await watch(four, { policy: 'roundRobin' });
    failOn(service, 'a.test', 4);
    expect(events).toHaveLength(1);
    failOn(service, 'a.test', 1);
    for (let call = 0; call < 20; call++) expect(service.pick().host).not.toBe('a.test');
    await clock.pass(30_000);
    failOn(service, 'a.test', 5);
    await clock.pass(59_999);
    expect(events.slice(1)).toEqual([
      'ejected a.test failures 30000',
      'restored a.test',
      'ejected a.test failures 60000',
    ]);
  });

  it('counts from the beginning after a success', async () => {
    const { service, events } = await watch(four, { policy: 'roundRobin' });
    for (let round = 0; round < 5; round++) {
      failOn(service, 'a.test', 4);
      for (let call = 0; call < 4; call++) service.pick().done();
    }
    expect(events).toHaveLength(1);
  });

  it('takes no more than half of the targets', async () => {
    const { service } = await watch(four, { policy: 'roundRobin' });
    for (let call = 0; call < 200; call++) service.pick().done(new Error('all fail'));
    expect(service.targets().filter(({ state }) => state === 'ejected')).toHaveLength(2);
  });

  it('follows a failed connection at once, for 1 s doubling to 30 s', async () => {
    const { clock, service, events } = await watch(four, { policy: 'roundRobin' });
    for (let round = 0; round < 7; round++) {
      failOn(service, 'a.test', 1, refused());
      await clock.pass(30_000);
    }
    const times = events.filter((event) => event.startsWith('ejected')).map((event) => Number(event.split(' ')[3]));
    expect(times).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it('never takes the only target', async () => {
    const { service, events } = await watch([a]);
    for (let call = 0; call < 20; call++) service.pick().done(refused());
    expect(events).toEqual(['update +a.test']);
  });

  it('is blind to calls that were aborted', async () => {
    const { service, events } = await watch(four, { policy: 'roundRobin' });
    const abort = new DOMException('aborted', 'AbortError');
    for (let call = 0; call < 100; call++) service.pick().done(abort);
    expect(events).toHaveLength(1);
  });

  it('is ignored in panic: when fewer than half are well, those that accept connections are used again', async () => {
    const { service, events } = await watch(four, { policy: 'roundRobin' });
    failOn(service, 'a.test', 5);
    failOn(service, 'b.test', 5);
    failOn(service, 'c.test', 1, refused());
    expect(events.at(-1)).toBe('panic true');
    const picked = new Set(Array.from({ length: 30 }, () => service.pick().host));
    expect([...picked].sort()).toEqual(['a.test', 'b.test', 'd.test']);
  });

  it('of all targets leaves them all in use', async () => {
    const { dns, clock, service } = await watch(four, { policy: 'roundRobin' });
    const asked = dns.asked.length;
    await clock.pass(2000);
    for (const host of ['a.test', 'b.test', 'c.test', 'd.test']) failOn(service, host, 1, refused());
    await settled();
    expect(new Set(Array.from({ length: 30 }, () => service.pick().host)).size).toBe(4);
    expect(dns.asked.length, 'DNS is asked at once').toBe(asked + 1);
  });
});

describe('priorities', () => {
  it('are left for the next one only when none of the better is left, and returned to after ten seconds', async () => {
    const { clock, service, events } = await watch([a, b, c], { policy: 'roundRobin' });
    failOn(service, 'a.test', 1, refused());
    expect(service.pick().host).toBe('b.test');
    failOn(service, 'b.test', 1, refused());
    expect(service.pick().host).toBe('c.test');
    await clock.pass(10_999);
    expect(service.pick().host).toBe('c.test');
    await clock.pass(1);
    expect(service.pick().host).not.toBe('c.test');
    expect(events.filter((event) => event.startsWith('failover'))).toEqual(['failover 10 20', 'failover 20 10']);
  });

  it('are returned to at once when nothing else is left', async () => {
    const { clock, service } = await watch([a, c, c.replaceAll('c.', 'd.')], { policy: 'roundRobin' });
    failOn(service, 'a.test', 1, refused());
    await clock.pass(1000);
    failOn(service, 'c.test', 1, refused());
    failOn(service, 'd.test', 1, refused());
    expect(service.pick().host).toBe('a.test');
  });

  it('follow DNS at once', async () => {
    const { clock, dns, service } = await watch([c]);
    dns.answer = [a, c];
    await clock.pass(5000);
    expect(service.pick().host).toBe('a.test');
  });
});

describe('run', () => {
  it('tries a call that reached nobody on another target', async () => {
    const { service } = await watch([a, b], { policy: 'roundRobin' });
    const tried: string[] = [];
    const result = await service.run((pick) => {
      tried.push(pick.host);
      return tried.length === 1 ? Promise.reject(refused()) : Promise.resolve('done');
    });
    expect(result).toBe('done');
    expect(new Set(tried).size).toBe(2);
  });

  it('tries another failure again only when it is idempotent', async () => {
    const { service } = await watch([a, b]);
    let calls = 0;
    const reset = (): Promise<never> => Promise.reject(new Error(`reset ${++calls}`));
    await expect(service.run(reset)).rejects.toThrow('reset 1');
    await expect(service.run(reset, { idempotent: true, retries: 2 })).rejects.toThrow('reset 4');
  });

  it('fails none of 10,000 calls with one retry when one of three targets is killed', async () => {
    const { clock, service } = await watch(
      [a, b, '10 100 8080 d.test 10.0.0.4'],
      { policy: 'p2c' },
      { random: uniform(11) },
    );
    let failed = 0;
    for (let call = 0; call < 10_000; call++) {
      if (call % 10 === 0) await clock.pass(10);
      const answer = (host: string): Promise<void> =>
        call > 1000 && host === 'b.test' ? Promise.reject(refused()) : Promise.resolve();
      await service.run(({ host }) => answer(host)).catch(() => (failed += 1));
    }
    expect(failed).toBe(0);
    expect(service.stats().connectFailures).toBeGreaterThan(0);
  });

  it('stops to retry when the budget is spent: a fifth of the calls, and ten a second', async () => {
    const { clock, service } = await watch([a], {}, {});
    await clock.pass(20_000);
    for (let call = 0; call < 1000; call++)
      await service.run(() => Promise.reject(new Error('down')), { idempotent: true }).catch(() => undefined);
    expect(service.stats()).toMatchObject({ retries: 300, retriesDenied: 700 });
    await clock.pass(10_000);
    await service.run(() => Promise.reject(new Error('down')), { idempotent: true }).catch(() => undefined);
    expect(service.stats().retries).toBe(301);
  });

  it('ends with the signal of its caller, and blames no target for it', async () => {
    const { service } = await watch([a, b]);
    const controller = new AbortController();
    const running = service.run(
      (_, { signal }) =>
        new Promise((__, reject) => signal!.addEventListener('abort', () => reject(new Error('stopped')))),
      {
        signal: controller.signal,
        idempotent: true,
      },
    );
    await settled();
    controller.abort();
    await expect(running).rejects.toThrow('stopped');
    expect(service.stats()).toMatchObject({ failures: 0, retries: 0 });
  });
});

describe('options of a service', () => {
  it.each([
    [{ policy: 'fastest' }, /policy is fastest, wanted weighted, p2c, roundRobin, sticky/],
    [{ panicShare: 2 }, /panicShare is 2, wanted 0 to 1/],
  ])('refuse %j', (options, message) => {
    using resolver = createResolver({ servers: ['127.0.0.1'] });
    expect(() => resolver.service(name, options as ServiceOptions)).toThrow(message);
  });

  it('subset: keeps to so many targets, and takes another when one of them fails', async () => {
    const ten = Array.from({ length: 10 }, (_, index) => `10 100 80 h${index}.test 10.0.0.${index}`);
    const { service } = await watch(ten, { subset: 3, policy: 'roundRobin' });
    const picked = (): Set<string> => new Set(Array.from({ length: 200 }, () => service.pick().host));
    const before = picked();
    expect(before.size).toBe(3);
    const [gone] = before;
    failOn(service, gone!, 1, refused());
    const after = picked();
    expect(after.size).toBe(3);
    expect([...before].filter((host) => after.has(host))).toHaveLength(2);
  });
});

it('a target with several addresses lets those of its first family take turns', async () => {
  const { service } = await watch(['10 100 80 a.test 10.0.0.1 10.0.0.2 fd00::1']);
  expect(new Set(Array.from({ length: 10 }, () => service.pick().address))).toEqual(new Set(['10.0.0.1', '10.0.0.2']));
});
