import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { createResolver, registerGrpcResolver } from '../../../src/client/index.ts';
import { FakeClock, settled } from '../../support/clock.ts';
import { type GrpcBackend, startGrpcBackend, whoIs } from '../../support/grpc-backend.ts';
import { ScriptedDns } from '../../support/scripted-dns.ts';

const target = 'srv:///_echo._tcp.example.test';
const roundRobin = { 'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }) };

function lineOf({ port, name }: GrpcBackend, priority = 10): string {
  return `${priority} 100 ${port} ${name}.test 127.0.0.1`;
}

function register(lines: readonly string[]): ScriptedDns {
  const dns = new ScriptedDns(() => performance.now(), lines);
  dns.ttlMs = 100;
  registerGrpcResolver(grpc, { resolver: createResolver({ ask: dns.ask, minTtlMs: 100 }) });
  return dns;
}

describe('registerGrpcResolver', () => {
  it('gives a channel the targets of the best priority', async () => {
    await using a = await startGrpcBackend('a');
    await using b = await startGrpcBackend('b');
    await using c = await startGrpcBackend('c');
    register([lineOf(a), lineOf(b), lineOf(c, 20)]);
    using client = whoIs(target, roundRobin);
    const answers = new Set<string>();
    for (let call = 0; call < 10; call++) answers.add(await client.ask());
    expect(answers).toEqual(new Set(['a', 'b']));
  });

  it('moves a channel when its targets leave DNS', async () => {
    await using a = await startGrpcBackend('a');
    await using b = await startGrpcBackend('b');
    const dns = register([lineOf(a)]);
    using client = whoIs(target);
    expect(await client.ask()).toBe('a');
    dns.answer = [lineOf(b)];
    let answer = '';
    while (answer !== 'b') answer = await client.ask();
  });

  it('fails calls with UNAVAILABLE and what DNS said', async () => {
    register([]);
    using client = whoIs(target);
    await expect(client.ask()).rejects.toMatchObject({
      code: grpc.status.UNAVAILABLE,
      details: expect.stringContaining('no SRV records') as string,
    });
  });
});

/** What grpc-js is given by `registerResolver`, to be driven by hand. */
interface ResolverClass {
  new (target: object, listener: unknown, options: object): { updateResolution(): void; destroy(): void };
  getDefaultAuthority(target: object): string;
}

function captureResolver(lines: readonly string[]): { Resolver: ResolverClass; dns: ScriptedDns; clock: FakeClock } {
  let captured: ResolverClass | undefined;
  const clock = new FakeClock();
  const dns = new ScriptedDns(() => clock.now(), lines);
  const module = {
    ...grpc,
    experimental: { registerResolver: (_: string, given: unknown) => void (captured = given as ResolverClass) },
  };
  registerGrpcResolver(module, { resolver: createResolver({ ask: dns.ask, clock }) });
  return { Resolver: captured!, dns, clock };
}

describe('the resolver that grpc-js is given', () => {
  const uri = { scheme: 'srv', authority: '', path: '_echo._tcp.example.test' };

  it('speaks to listeners of grpc-js before 1.14, which are objects', async () => {
    const { Resolver, dns, clock } = captureResolver(['10 100 80 a.test 10.0.0.1 fd00::1']);
    const reported: unknown[] = [];
    const listener = {
      onSuccessfulResolution: (endpoints: unknown) => void reported.push(endpoints),
      onError: ({ code, details }: { code: number; details: string }) => void reported.push(`${code} ${details}`),
    };
    const resolver = new Resolver(uri, listener, {});
    resolver.updateResolution();
    expect(reported, 'never from within the call').toEqual([]);
    await settled();
    dns.answer = ['0 0 0 .'];
    await clock.pass(6000);
    resolver.destroy();
    expect(reported).toEqual([
      [
        {
          addresses: [
            { host: '10.0.0.1', port: 80 },
            { host: 'fd00::1', port: 80 },
          ],
        },
      ],
      expect.stringMatching(/^14 .*not available/),
    ]);
  });

  it('is silent after destroy, and begins anew when it is asked again', async () => {
    const { Resolver, dns, clock } = captureResolver(['10 100 80 a.test 10.0.0.1']);
    const reported: unknown[] = [];
    const resolver = new Resolver(uri, (result: unknown) => void reported.push(result), {});
    resolver.updateResolution();
    await settled();
    resolver.destroy();
    dns.answer = ['10 100 80 b.test 10.0.0.2'];
    await clock.pass(60_000);
    expect(reported).toHaveLength(1);
    expect(clock.pending).toBe(0);
    resolver.updateResolution();
    await settled();
    expect(reported).toHaveLength(2);
  });

  it('names the domain of the service as the authority', () => {
    expect(captureResolver([]).Resolver.getDefaultAuthority(uri)).toBe('example.test');
  });
});
