/** The client against real DNS: the same zone and the same expectations for every server. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createResolver, type Resolver, type SrvAnswer, type SrvErrorCode } from '../../src/client/index.ts';
import { type NameServer, startNsd, startUnbound } from '../support/name-servers.ts';
import { startServer } from '../support/server.ts';
import { toolsMissing } from '../support/tools.ts';

const apex = 'interop.test';
const hundred = Array.from({ length: 100 }, (_, index) =>
  [`_many._tcp 60 SRV 10 ${index} 80 i${index}`, `i${index} 60 A 10.1.0.${index}`].join('\n'),
);
const zone = `$ORIGIN ${apex}.
$TTL 60
@ SOA ns root 1 3600 600 86400 20
@ NS ns
ns A 127.0.0.1
_web._tcp SRV 10 100 8080 a
_web._tcp SRV 10 50 8081 b
_web._tcp SRV 20 0 8082 c
a A 10.0.0.1
b A 10.0.0.2
b AAAA fd00::2
c AAAA fd00::3
_alias._tcp CNAME _other._tcp
_other._tcp CNAME _web._tcp
_none._tcp SRV 0 0 0 .
_text._tcp TXT "no SRV here"
_lost._tcp SRV 10 100 80 nowhere
${hundred.join('\n')}
`;

const servers: readonly {
  readonly name: string;
  readonly tools: readonly string[];
  readonly start: () => Promise<NameServer>;
}[] = [
  { name: 'Signpost', tools: [], start: startSignpost },
  { name: 'NSD', tools: ['nsd'], start: () => startNsd({ [apex]: zone }) },
  {
    name: 'unbound in front of NSD',
    tools: ['nsd', 'unbound'],
    async start() {
      const nsd = await startNsd({ [apex]: zone });
      try {
        const unbound = await startUnbound(apex, nsd.port);
        return {
          ...unbound,
          async [Symbol.asyncDispose]() {
            await unbound[Symbol.asyncDispose]();
            await nsd[Symbol.asyncDispose]();
          },
        };
      } catch (error) {
        await nsd[Symbol.asyncDispose]();
        throw error;
      }
    },
  },
];

/** Starts Signpost with the zone as one of its zone files. */
async function startSignpost(): Promise<NameServer> {
  const zones = await mkdtemp(join(tmpdir(), 'signpost-zones-'));
  await writeFile(join(zones, `${apex}.zone`), zone);
  const signpost = await startServer({ zones });
  return {
    server: signpost.dns,
    port: signpost.dnsPort,
    async [Symbol.asyncDispose]() {
      await signpost[Symbol.asyncDispose]();
      await rm(zones, { recursive: true });
    },
  };
}

const transports = ['dns', 'node'] as const;

describe.each(servers)('the client with $name', ({ name, tools, start }) => {
  const missing = toolsMissing(...tools);
  let server: NameServer | undefined;
  beforeAll(async () => {
    if (!missing) server = await start();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  describe.each(transports)('over transport %s', (transport) => {
    let resolver: Resolver | undefined;
    beforeAll(() => {
      if (server) resolver = createResolver({ servers: [server.server], transport });
    });
    afterAll(() => resolver?.close());

    /** Runs only where the server is installed. */
    const check = (what: string, run: (asked: Resolver) => Promise<void>): void =>
      it(what, async () => {
        if (resolver) await run(resolver);
      });

    check('finds records with the addresses of their targets', async (asked) => {
      const { records } = await asked.resolveSrv(`_web._tcp.${apex}`);
      expect([...records].sort((left, right) => left.port - right.port)).toEqual([
        { priority: 10, weight: 100, port: 8080, target: `a.${apex}`, addresses: ['10.0.0.1'] },
        { priority: 10, weight: 50, port: 8081, target: `b.${apex}`, addresses: ['10.0.0.2', 'fd00::2'] },
        { priority: 20, weight: 0, port: 8082, target: `c.${apex}`, addresses: ['fd00::3'] },
      ]);
    });

    check('follows aliases', async (asked) => {
      expect((await asked.resolveSrv(`_alias._tcp.${apex}`)).records).toHaveLength(3);
    });

    check('gets all of a hundred records', async (asked) => {
      const { records } = await asked.resolveSrv(`_many._tcp.${apex}`);
      expect(records).toHaveLength(100);
      expect(records.every(({ addresses }) => addresses.length === 1)).toBe(true);
    });

    check('keeps a target without address, and gives it none', async (asked) => {
      expect((await asked.resolveSrv(`_lost._tcp.${apex}`)).records).toMatchObject([{ addresses: [] }]);
    });

    it.each<[string, SrvErrorCode]>([
      ['_none._tcp', 'SRV_UNAVAILABLE'],
      ['_text._tcp', 'SRV_NODATA'],
      ['_absent._tcp', 'SRV_NXDOMAIN'],
    ])('fails for %s with %s', async (owner, code) => {
      if (resolver) await expect(resolver.resolveSrv(`${owner}.${apex}`)).rejects.toMatchObject({ code });
    });

    check('runs calls on the targets of the best priority', async (asked) => {
      const service = asked.service(`_web._tcp.${apex}`);
      const used = new Set<number>();
      for (let call = 0; call < 100; call++) await service.run((pick) => Promise.resolve(used.add(pick.port)));
      service.close();
      expect(used).toEqual(new Set([8080, 8081]));
    });
  });

  it('is told of TTLs and of who is the source, where it speaks DNS itself', async () => {
    if (!server) return;
    using resolver = createResolver({ servers: [server.server] });
    const answer: SrvAnswer = await resolver.resolveSrv(`_web._tcp.${apex}`);
    expect(answer.ttlMs).toBeGreaterThan(30_000);
    expect(answer.authoritative).toBe(!name.startsWith('unbound'));
  });
});
