import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { register, type RegisterOptions, type Registration } from '../../src/agent/index.ts';
import { FakeClock, settled } from '../support/clock.ts';
import { FakeRegistry } from '../support/fake-registry.ts';
import { uniform } from '../support/random.ts';

const minute = 60_000;

function world(): {
  clock: FakeClock;
  registry: FakeRegistry;
  start: (options?: Partial<RegisterOptions>) => Promise<Registration>;
} {
  const clock = new FakeClock();
  const registry = new FakeRegistry(clock);
  const start = (options: Partial<RegisterOptions> = {}): Promise<Registration> =>
    register({
      service: 'web',
      id: 'a',
      port: 8080,
      clock,
      fetch: registry.fetch,
      random: () => 0.5,
      server: 'http://one.test',
      ...options,
    });
  return { clock, registry, start };
}

/** Every event of a registration by name, as they come. */
function listen(registration: Registration): string[] {
  const events: string[] = [];
  for (const name of [
    'registered',
    'renewed',
    'suspect',
    'lost',
    'conflict',
    'denied',
    'draining',
    'deregistered',
  ] as const) {
    registration.on(name, () => events.push(name));
  }
  return events;
}

function renewals(registry: FakeRegistry): number[] {
  return registry.requests.filter(({ path }) => path.endsWith('/renew')).map(({ at }) => at);
}

describe('register', () => {
  it('puts the instance, in the units of the HTTP API', async () => {
    const { registry, start } = world();
    const registration = await start({
      priority: 5,
      weight: 7,
      tags: ['v2'],
      meta: { commit: 'abc' },
      ttlMs: 2000,
      leaseMs: 15_000,
      ports: { grpc: { port: 9090 } },
      zone: 'other.internal',
    });
    expect(registry.requests).toMatchObject([
      {
        method: 'PUT',
        path: 'web/instances/a?zone=other.internal',
        body: {
          port: 8080,
          ports: { grpc: { port: 9090 } },
          priority: 5,
          weight: 7,
          tags: ['v2'],
          meta: { commit: 'abc' },
          ttl: 2,
          lease: 15,
        },
      },
    ]);
    expect(registration).toMatchObject({
      state: 'registered',
      generation: 1,
      names: ['a.web.svc.internal'],
      lastError: null,
    });
  });

  it('makes an id of host name and port that no other process has', async () => {
    const { registry, clock } = world();
    const make = (): Promise<Registration> => register({ service: 'web', port: 8080, clock, fetch: registry.fetch });
    const ids = [(await make()).id, (await make()).id];
    for (const id of ids) expect(id).toMatch(/^[a-z0-9][a-z0-9-]*-8080-[0-9a-f]{8}$/);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('resolves though the registry is down, and registers when it is back', async () => {
    const { clock, registry, start } = world();
    registry.trouble = 'down';
    const registration = await start();
    expect(registration).toMatchObject({ state: 'registering', lastError: { code: 'AGENT_UNREACHABLE' } });
    await clock.pass(10 * minute);
    expect(registry.requests.length, 'about one request in five seconds').toBeLessThan(130);
    registry.trouble = null;
    const registered = registration.registered();
    await clock.pass(6000);
    await registered;
    expect(registry.find('web/a')).toBeDefined();
  });

  it('rejects with failFast when the registry is down', async () => {
    const { registry, start } = world();
    registry.trouble = 'down';
    await expect(start({ failFast: true })).rejects.toMatchObject({ code: 'AGENT_UNREACHABLE' });
  });

  it('rejects what the server will never take', async () => {
    const { registry, start } = world();
    registry.trouble = { status: 400, code: 'invalid-name' };
    await expect(start()).rejects.toMatchObject({ code: 'AGENT_REFUSED', problem: 'invalid-name' });
  });

  it.each([
    ['no url', /"no url"/],
    [[], /at least one/],
    ['ftp://x', /"ftp:\/\/x"/],
  ])('refuses the server %j', async (server, message) => {
    const { start } = world();
    await expect(start({ server })).rejects.toThrow(message);
  });

  it('goes to the next server when one is dead', async () => {
    const { clock, registry, start } = world();
    registry.dead.add('http://one.test');
    const registration = await start({ server: ['http://one.test', 'http://two.test'] });
    await clock.pass(1000);
    expect(registration.state).toBe('registered');
    registry.dead.clear();
    registry.dead.add('http://two.test');
    const events = listen(registration);
    await clock.pass(minute);
    expect(registry.find('web/a')?.generation).toBe(1);
    expect(events).not.toContain('lost');
  });

  it('reads the token file again for each request', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'signpost-token-'));
    const tokenFile = join(directory, 'token');
    const { clock, registry, start } = world();
    registry.token = 'first';
    await writeFile(tokenFile, 'first\n');
    const registration = await start({ tokenFile });
    const events = listen(registration);
    const pass = async (milliseconds: number): Promise<void> => {
      for (let passed = 0; passed < milliseconds; passed += 100) {
        await clock.pass(100);
        await new Promise((resolve) => setTimeout(resolve, 1)); // a file is read in real time
      }
    };
    await pass(6000);
    registry.token = 'second';
    await pass(10_000);
    expect(events).toContain('denied');
    await writeFile(tokenFile, 'second\n');
    await pass(40_000);
    expect(registration).toMatchObject({ state: 'registered', lastError: null });
    await rm(directory, { recursive: true });
  });
});

describe('renewals', () => {
  it('come at a third of the lease, a tenth more or less, from a random phase', async () => {
    for (const seed of [1, 2, 3]) {
      const { clock, registry, start } = world();
      const registration = await start({ random: uniform(seed) });
      await clock.pass(10 * minute);
      const times = renewals(registry);
      expect(times[0]).toBeLessThan(5000);
      for (let index = 1; index < times.length; index++) {
        expect(times[index]! - times[index - 1]!).toBeGreaterThanOrEqual(4500);
        expect(times[index]! - times[index - 1]!).toBeLessThanOrEqual(5500);
      }
      await registration.deregister();
    }
  });

  it('of many agents that start together do not come together', async () => {
    const { clock, registry, start } = world();
    const random = uniform(5);
    const agents = await Promise.all(Array.from({ length: 500 }, (_, index) => start({ id: `i${index}`, random })));
    await clock.pass(5000);
    // Kolmogorov and Smirnov: the largest distance from the uniform distribution, p > 0.001.
    const phases = renewals(registry)
      .map((at) => at / 5000)
      .sort((left, right) => left - right)
      .slice(0, 500);
    const distance = Math.max(...phases.map((phase, index) => Math.abs(phase - (index + 0.5) / 500)));
    expect(distance).toBeLessThan(1.95 / Math.sqrt(500));
    expect(agents).toHaveLength(500);
  });

  it('that go unanswered make it suspect, once, and it is well again after the next one', async () => {
    const { clock, registry, start } = world();
    const registration = await start();
    const events = listen(registration);
    registry.trouble = 'silent';
    await clock.pass(9000);
    expect(registration.state).toBe('suspect');
    registry.trouble = null;
    await clock.pass(6000);
    expect(registration.state).toBe('registered');
    expect(events.filter((event) => event !== 'renewed')).toEqual(['suspect']);
  });

  it('are held back for as long as a busy server asks', async () => {
    const { clock, registry, start } = world();
    const registration = await start();
    registry.trouble = { status: 503, code: 'busy', retryAfter: 10 };
    await clock.pass(2600);
    const before = registry.requests.length;
    await clock.pass(9000);
    expect(registry.requests).toHaveLength(before);
    await clock.pass(1000);
    expect(registry.requests.length).toBeGreaterThan(before);
    expect(registration.state).toBe('suspect');
  });

  it('go to every server, one right after the other, before any wait', async () => {
    const { clock, registry, start } = world();
    const servers = ['http://one.test', 'http://two.test', 'http://three.test'];
    const registration = await start({ server: servers });
    const events = listen(registration);
    registry.trouble = { status: 503, code: 'store-unavailable', retryAfter: 10 };
    const before = registry.requests.length;
    await clock.pass(8000);
    const asked = registry.requests.slice(before);
    expect(asked.map(({ server }) => server)).toEqual(servers);
    expect(asked.at(-1)!.at - asked[0]!.at).toBeLessThan(200);
    registry.trouble = null;
    await clock.pass(10_000);
    expect(events).toEqual(['suspect', 'renewed', 'renewed']);
  });

  it('to something that is no registry count as unanswered', async () => {
    const { clock, registry, start } = world();
    const registration = await start({
      fetch: ((input: URL, init: RequestInit) =>
        registry.requests.length > 0
          ? Promise.resolve(new Response('<html>', { status: 404 }))
          : registry.fetch(input, init)) as typeof fetch,
    });
    await clock.pass(minute);
    expect(registration.state).toBe('suspect');
  });

  it.each([
    ['the server restarted without it', 0],
    ['the process was stopped for twice the lease', 30_000],
  ])('register again when %s', async (_, stoppedFor) => {
    const { clock, registry, start } = world();
    const registration = await start();
    const events = listen(registration);
    await clock.pass(3000 + stoppedFor);
    registry.instances.clear();
    await clock.pass(5600);
    expect(registry.find('web/a')).toBeDefined();
    expect(events.filter((event) => event !== 'renewed')).toEqual(['lost', 'registered']);
    expect(registration.generation).not.toBe(1);
  });
});

describe('two processes with one id', () => {
  it('do not take turns: the later one holds it, the earlier one says so and waits until it is gone', async () => {
    const { clock, registry, start } = world();
    const first = await start();
    const firstEvents = listen(first);
    await clock.pass(2000);
    const second = await start({ port: 9090 });
    const secondEvents = listen(second);
    await clock.pass(10 * minute);
    expect(first.state).toBe('conflict');
    expect(firstEvents.filter((event) => event !== 'renewed')).toEqual(['conflict']);
    expect(new Set(secondEvents)).toEqual(new Set(['renewed']));
    expect(registry.find('web/a')?.body['port']).toBe(9090);
    expect(registry.requests.filter(({ method }) => method === 'PUT')).toHaveLength(2);
    await second.deregister();
    await clock.pass(20_000);
    expect(first.state).toBe('registered');
    expect(registry.find('web/a')?.body['port']).toBe(8080);
  });

  it('do not harm each other when the earlier one shuts down, also where it does not know of the later', async () => {
    const { clock, registry, start } = world();
    const first = await start();
    await start({ port: 9090 });
    const shutdown = first.shutdown();
    await clock.pass(minute);
    await shutdown;
    expect(registry.find('web/a')).toMatchObject({ status: 'passing', body: { port: 9090 } });
  });
});

describe('update', () => {
  it('changes what is registered, and what a later registration asks for', async () => {
    const { clock, registry, start } = world();
    const registration = await start({ tags: ['v1'] });
    const generation = registration.generation;
    await registration.update({ weight: 10, tags: ['v2'] });
    expect(registry.find('web/a')).toMatchObject({ generation, body: { weight: 10, tags: ['v2'] } });
    registry.instances.clear();
    await clock.pass(6000);
    expect(registry.find('web/a')?.body).toMatchObject({ port: 8080, weight: 10, tags: ['v2'] });
  });

  it('waits for a registry that is down', async () => {
    const { clock, registry, start } = world();
    const registration = await start();
    registry.trouble = 'down';
    const updated = registration.update({ status: 'critical' });
    await clock.pass(4000);
    registry.trouble = null;
    await clock.pass(6000);
    await updated;
    expect(registry.find('web/a')?.status).toBe('critical');
  });

  it('changes nothing of another process that holds the id by now', async () => {
    const { clock, registry, start } = world();
    const first = await start();
    await start({ port: 9090 });
    const updated = expect(first.update({ weight: 1 })).rejects.toMatchObject({ code: 'AGENT_STOPPED' });
    await clock.pass(minute);
    expect(registry.find('web/a')?.body).toEqual({ port: 9090 });
    await first.deregister();
    await updated;
  });
});

describe('the end', () => {
  it('drains, serves on, closes, and deregisters last', async () => {
    const { clock, registry, start } = world();
    const registration = await start();
    await clock.pass(1000);
    const steps: string[] = [];
    registration.on('draining', () => steps.push(`draining ${clock.now()}`));
    registration.on('deregistered', () => steps.push(`deregistered ${clock.now()}`));
    const server = {
      close(done: () => void) {
        steps.push(`closed ${clock.now()}`);
        done();
      },
    };
    const shutdown = registration.shutdown({ server });
    expect(registration.shutdown(), 'a second call joins the first').toBe(shutdown);
    await clock.pass(minute);
    await shutdown;
    expect(steps).toEqual(['draining 1000', 'closed 7000', 'deregistered 7000']);
    expect(registry.instances.size).toBe(0);
    expect(registration.state).toBe('stopped');
    expect(clock.pending).toBe(0);
  });

  it('drains once, however often and early it is told to', async () => {
    const { clock, registry, start } = world();
    const registration = await start();
    const drains = [registration.drain(), registration.drain()];
    await clock.pass(100);
    drains.push(registration.drain());
    expect(await Promise.all(drains)).toEqual(drains.map(() => ({ waitMs: 6000, confirmed: true })));
    expect(registry.requests.filter(({ path }) => path.endsWith('/drain'))).toHaveLength(1);
    await registration.deregister();
  });

  it('renews while it drains, and registers nothing any more', async () => {
    const { clock, registry, start } = world();
    registry.heldFor = 40;
    const registration = await start();
    const shutdown = registration.shutdown({ maxDrainMs: 60_000 });
    await clock.pass(20_000);
    expect(registry.find('web/a')?.status).toBe('draining');
    registry.instances.clear();
    await clock.pass(40_000);
    await shutdown;
    expect(registry.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1);
  });

  it('does not wait longer than allowed, nor after its signal', async () => {
    const { clock, registry, start } = world();
    registry.heldFor = 3600;
    const bounded = await start();
    const ended = bounded.shutdown({ maxDrainMs: 5000 });
    await clock.pass(5000);
    await ended;
    const urgent = await start({ id: 'b' });
    const controller = new AbortController();
    const hurried = urgent.shutdown({ signal: controller.signal });
    await clock.pass(100);
    controller.abort();
    await settled();
    await hurried;
    expect(registry.instances.size).toBe(0);
  });

  it('comes also when the registry is down', async () => {
    const { clock, registry, start } = world();
    const registration = await start();
    registry.trouble = 'down';
    const close = vi.fn((done: () => void) => done());
    const shutdown = registration.shutdown({ server: { close } });
    await clock.pass(minute);
    await shutdown;
    expect(close).toHaveBeenCalledOnce();
    expect(clock.pending).toBe(0);
  });

  it('is final at whatever moment it comes: nothing is revived', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(6000), fc.nat(6000), fc.nat(400), fc.boolean(), async (after, later, delay, drains) => {
        const { clock, registry } = world();
        // Answers take their time, so that the end may come while a request is on its way.
        const slow = (async (input: URL, init: RequestInit) => {
          await new Promise<void>((resolve) => clock.after(delay, resolve));
          const response = await registry.fetch(input, init);
          await new Promise<void>((resolve) => clock.after(delay, resolve));
          return response;
        }) as typeof fetch;
        const starting = register({ service: 'web', id: 'a', port: 80, clock, fetch: slow, random: uniform(after) });
        await clock.pass(2 * delay + 1);
        const registration = await starting;
        await clock.pass(after);
        registry.instances.clear(); // it will find that out, and register again
        await clock.pass(later);
        const ending = drains ? registration.shutdown() : registration.deregister();
        await clock.pass(30_000);
        await ending;
        expect(registry.instances.size).toBe(0);
        await clock.pass(minute);
        expect(registry.instances.size).toBe(0);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
