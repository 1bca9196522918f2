import { describe, expect, it } from 'vitest';
import { createResolver, type Resolver, type ResolverOptions } from '../../src/client/index.ts';
import { FakeClock, settled } from '../support/clock.ts';
import { a, type Asked, cname, type FakeDns, soa, srv, startFakeDns } from '../support/fake-dns.ts';
import { ScriptedDns } from '../support/scripted-dns.ts';

const name = '_web._tcp.example.test';
const answers = [srv(name, 5, 10, 100, 8080, 'a.example.test')];
const additionals = [a('a.example.test', 30, '10.0.0.1')];
/** Resolves when the server was asked so often; a datagram takes its time, also while the clock stands still. */
async function timesAsked(dns: FakeDns, times: number): Promise<void> {
  while (dns.asked.length < times) await settled();
}

/** Runs a resolver against a server whose replies the test writes. */
async function withServer(
  script: (asked: Asked) => void,
  use: (resolver: Resolver, dns: FakeDns) => Promise<void>,
  options: ResolverOptions = {},
): Promise<void> {
  await using dns = await startFakeDns(script);
  using resolver = createResolver({ servers: [dns.server], ...options });
  await use(resolver, dns);
}

describe('a question to a DNS server', () => {
  it('gives records with TTL and addresses in one round trip', async () => {
    await withServer(
      (asked) => asked.reply({ answers, additionals }),
      async (resolver, dns) => {
        const answer = await resolver.resolveSrv('_WEB._tcp.Example.test.');
        expect(answer.records).toEqual([
          { priority: 10, weight: 100, port: 8080, target: 'a.example.test', addresses: ['10.0.0.1'] },
        ]);
        expect(answer).toMatchObject({ name, authoritative: true, stale: false });
        expect(answer.ttlMs).toBeGreaterThan(4000);
        expect(dns.asked).toHaveLength(1);
      },
    );
  });

  it('announces an EDNS buffer of 1232 octets and asks for recursion', async () => {
    await withServer(
      (asked) => asked.reply({ answers, additionals }),
      async (resolver, dns) => {
        await resolver.resolveSrv(name);
        const { packet } = dns.asked[0]!;
        expect(packet.additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1232 }]);
        expect(packet.flags! & 0x0100).toBe(0x0100);
      },
    );
  });

  it('uses another id and another port each time', async () => {
    const seen = new Set<number>();
    await withServer(
      (asked) => asked.reply({ answers, additionals }),
      async (resolver, dns) => {
        for (let round = 0; round < 20; round++) await resolver.resolveSrv(name, { fresh: true });
        for (const { packet } of dns.asked) seen.add(packet.id!);
        expect(seen.size).toBeGreaterThan(15);
      },
    );
  });

  it.each<[string, (asked: Asked) => Promise<void> | void]>([
    [
      'a wrong id',
      (asked) => {
        const spoof = asked.encode({ answers: [srv(name, 5, 1, 1, 1, 'evil.test')] });
        spoof.writeUInt16BE((asked.packet.id! + 1) % 65_536, 0);
        asked.send(spoof);
      },
    ],
    [
      'QR=0',
      (asked) => {
        const spoof = asked.encode({ answers: [srv(name, 5, 1, 1, 1, 'evil.test')] });
        spoof[2]! &= 0x7f;
        asked.send(spoof);
      },
    ],
    [
      'another question',
      (asked) => {
        const spoof = asked.encode({ answers: [srv(name, 5, 1, 1, 1, 'evil.test')] });
        spoof[14] = 'x'.charCodeAt(0);
        asked.send(spoof);
      },
    ],
    [
      'another type in the question',
      (asked) => {
        const spoof = asked.encode({ answers: [srv(name, 5, 1, 1, 1, 'evil.test')] });
        spoof[12 + name.length + 3] = 1;
        asked.send(spoof);
      },
    ],
    [
      'another source port',
      (asked) => asked.sendFromElsewhere(asked.encode({ answers: [srv(name, 5, 1, 1, 1, 'evil.test')] })),
    ],
    ['three octets', (asked) => asked.send(Buffer.from([1, 2, 3]))],
  ])('ignores a reply with %s and still succeeds', async (_, spoof) => {
    const script = async (asked: Asked): Promise<void> => {
      await spoof(asked);
      asked.reply({ answers, additionals });
    };
    await withServer(
      (asked) => void script(asked),
      async (resolver) => {
        const { records } = await resolver.resolveSrv(name);
        expect(records.map(({ target }) => target)).toEqual(['a.example.test']);
      },
    );
  });

  it('takes a reply whose question came back in the other case', async () => {
    const shout = (asked: Asked): void => {
      const reply = asked.encode({ answers, additionals });
      reply.write(reply.toString('latin1', 12, 12 + name.length).toUpperCase(), 12, 'latin1');
      asked.send(reply);
    };
    await withServer(shout, async (resolver) => {
      expect((await resolver.resolveSrv(name)).records).toHaveLength(1);
    });
  });

  it('is sent again after 800 ms without a reply', async () => {
    const clock = new FakeClock();
    let seen = 0;
    const third = (asked: Asked): void => (++seen === 3 ? asked.reply({ answers, additionals }) : undefined);
    await withServer(
      third,
      async (resolver, dns) => {
        const asking = resolver.resolveSrv(name);
        await timesAsked(dns, 1);
        await clock.pass(799);
        expect(resolver.stats().resends).toBe(0);
        await clock.pass(1);
        await timesAsked(dns, 2);
        await clock.pass(800);
        expect((await asking).records).toHaveLength(1);
        expect(resolver.stats()).toMatchObject({ queries: 1, resends: 2, failures: 0 });
      },
      { clock },
    );
  });

  it('fails after three attempts and 3 s with SRV_TIMEOUT', async () => {
    const clock = new FakeClock();
    await withServer(
      () => undefined,
      async (resolver, dns) => {
        const failed = expect(resolver.resolveSrv(name)).rejects.toMatchObject({ code: 'SRV_TIMEOUT', qname: name });
        for (const attempt of [1, 2, 3]) {
          await timesAsked(dns, attempt);
          await clock.pass(800);
        }
        await clock.pass(600);
        await failed;
        expect(dns.asked).toHaveLength(3);
      },
      { clock },
    );
  });

  it('goes to the next server when one fails, or is not there', async () => {
    await using broken = await startFakeDns((asked) => asked.reply({ rcode: 2 }));
    await using absent = await startFakeDns(() => undefined);
    await using good = await startFakeDns((asked) => asked.reply({ answers, additionals }));
    absent.close();
    for (const bad of [broken, absent]) {
      using resolver = createResolver({ servers: [bad.server, good.server], clock: new FakeClock() });
      expect((await resolver.resolveSrv(name)).records).toHaveLength(1);
    }
  });

  it('goes to the next server when one is silent', async () => {
    const clock = new FakeClock();
    await using silent = await startFakeDns(() => undefined);
    await using good = await startFakeDns((asked) => asked.reply({ answers, additionals }));
    using resolver = createResolver({ servers: [silent.server, good.server], clock });
    const asking = resolver.resolveSrv(name);
    await timesAsked(silent, 1);
    await clock.pass(800);
    expect((await asking).records).toHaveLength(1);
  });

  it.each([
    [2, 'SRV_SERVFAIL'],
    [5, 'SRV_REFUSED'],
    [9, 'SRV_BADRESP'],
  ])('with rcode %i from every server fails with %s and says which', async (rcode, code) => {
    await withServer(
      (asked) => asked.reply({ rcode }),
      async (resolver, dns) => {
        await expect(resolver.resolveSrv(name)).rejects.toMatchObject({ code, attempts: [{ server: dns.server }] });
      },
    );
  });

  it('fails with SRV_NETWORK where nobody listens', async () => {
    const dns = await startFakeDns(() => undefined);
    dns.close();
    using resolver = createResolver({ servers: [dns.server] });
    await expect(resolver.resolveSrv(name)).rejects.toMatchObject({ code: 'SRV_NETWORK' });
  });

  it('is asked without EDNS of a server that does not know it', async () => {
    const old = (asked: Asked): void => {
      if (asked.packet.additionals?.length) asked.reply({ rcode: 1, edns: false });
      else asked.reply({ answers, additionals, edns: false });
    };
    await withServer(old, async (resolver) => {
      expect((await resolver.resolveSrv(name)).records).toHaveLength(1);
    });
  });

  it('goes over TCP once when the reply is truncated, and there brings 500 records', async () => {
    const many = Array.from({ length: 500 }, (_, index) => srv(name, 5, 10, index, 8080, `i${index}.example.test`));
    const addresses = many.map((_, index) => a(`i${index}.example.test`, 30, `10.0.${index >> 8}.${index & 255}`));
    const script = (asked: Asked): void =>
      asked.reply(asked.transport === 'udp' ? { tc: true } : { answers: many, additionals: addresses });
    await withServer(script, async (resolver, dns) => {
      const { records } = await resolver.resolveSrv(name);
      expect(records).toHaveLength(500);
      expect(records.every((record) => record.addresses.length === 1)).toBe(true);
      expect(dns.asked.map(({ transport }) => transport)).toEqual(['udp', 'tcp']);
      expect(resolver.stats().tcpQueries).toBe(1);
    });
  });

  it('does not go round when TCP is truncated too', async () => {
    await withServer(
      (asked) => asked.reply({ tc: true }),
      async (resolver, dns) => {
        await expect(resolver.resolveSrv(name)).rejects.toMatchObject({ code: 'SRV_BADRESP' });
        expect(dns.asked).toHaveLength(2);
      },
    );
  });

  it('refuses a reply whose compression pointers have no end, without any delay worth naming', async () => {
    const looped = (asked: Asked): void => {
      const reply = asked.encode({ answers });
      reply.writeUInt16BE(0xc000 | (12 + name.length + 2 + 4), 12 + name.length + 2 + 4); // the owner points to itself
      asked.send(reply);
    };
    await withServer(looped, async (resolver) => {
      await expect(resolver.resolveSrv(name)).rejects.toMatchObject({ code: 'SRV_BADRESP' });
    });
  });

  it('refuses a reply whose names cost more to follow than an honest one can need', async () => {
    const costly = (asked: Asked): void => {
      if (asked.transport === 'udp') asked.reply({ tc: true });
      else asked.send(withPointerChain(asked.encode({ answers, edns: false }), 100, 400));
    };
    await withServer(costly, async (resolver) => {
      await expect(resolver.resolveSrv(name)).rejects.toMatchObject({ code: 'SRV_BADRESP' });
    });
  });

  it('refuses a reply that breaks off in its answer section', async () => {
    await withServer(
      (asked) => asked.send(asked.encode({ answers, edns: false }).subarray(0, -3)),
      async (resolver) => {
        await expect(resolver.resolveSrv(name)).rejects.toMatchObject({ code: 'SRV_BADRESP' });
      },
    );
  });

  it('ends with the signal of its caller', async () => {
    await withServer(
      () => undefined,
      async (resolver) => {
        const controller = new AbortController();
        const asking = resolver.resolveSrv(name, { signal: controller.signal });
        controller.abort(new Error('enough'));
        await expect(asking).rejects.toMatchObject({ code: 'SRV_ABORTED', cause: { message: 'enough' } });
      },
    );
  });
});

/**
 * Adds a record of an unknown type that holds a chain of pointers, and records whose owner is the end of that chain.
 */
function withPointerChain(reply: Buffer, length: number, records: number): Buffer {
  const record = (owner: Buffer, rdata: Buffer): Buffer => {
    const fixed = Buffer.from([0xff, 0, 0, 1, 0, 0, 0, 5, 0, 0]);
    fixed.writeUInt16BE(rdata.length, 8);
    return Buffer.concat([owner, fixed, rdata]);
  };
  const pointer = (offset: number): Buffer => Buffer.from([0xc0 | (offset >> 8), offset & 0xff]);
  const start = reply.length + 12;
  const chain = Buffer.concat(
    Array.from({ length }, (_, index) => pointer(index === 0 ? 12 : start + 2 * (index - 1))),
  );
  const added = [
    record(pointer(12), chain),
    ...Array.from({ length: records }, () => record(pointer(start + 2 * (length - 1)), Buffer.alloc(0))),
  ];
  reply.writeUInt16BE(added.length, 10);
  return Buffer.concat([reply, ...added]);
}

describe('absence', () => {
  const authorities = [soa('example.test', 60, 7)];

  it.each([
    [3, 'SRV_NXDOMAIN'],
    [0, 'SRV_NODATA'],
  ])('with rcode %i is %s, and is remembered as long as its SOA allows', async (rcode, code) => {
    await withServer(
      (asked) => asked.reply({ rcode, authorities }),
      async (resolver, dns) => {
        await expect(resolver.resolveSrv(name)).rejects.toMatchObject({ code });
        await expect(resolver.resolveSrv(name)).rejects.toMatchObject({ code });
        expect(dns.asked).toHaveLength(1);
      },
    );
  });

  it('with one record to "." is SRV_UNAVAILABLE', async () => {
    await withServer(
      (asked) => asked.reply({ answers: [srv(name, 5, 0, 0, 0, '.')] }),
      async (resolver) => {
        await expect(resolver.resolveSrv(name)).rejects.toMatchObject({ code: 'SRV_UNAVAILABLE' });
      },
    );
  });

  it.each([
    '',
    '.',
    'a..b',
    '_web._tcp.exa mple.test',
    'a\\.b',
    `${'x'.repeat(64)}.test`,
    `${'abcdefg.'.repeat(32)}test`,
    'münchen.test',
    '-a.test',
  ])('is not even asked for the name %j', async (bad) => {
    await withServer(
      (asked) => asked.reply({ answers }),
      async (resolver, dns) => {
        await expect(resolver.resolveSrv(bad)).rejects.toMatchObject({ code: 'SRV_BADNAME' });
        expect(dns.asked).toHaveLength(0);
      },
    );
  });
});

describe('aliases and addresses', () => {
  it('follows CNAMEs within one reply', async () => {
    const chain = [
      cname(name, 60, 'x.test'),
      cname('x.test', 2, 'y.test'),
      srv('y.test', 60, 1, 1, 80, 'a.example.test'),
    ];
    await withServer(
      (asked) => asked.reply({ answers: chain, additionals }),
      async (resolver, dns) => {
        const answer = await resolver.resolveSrv(name);
        expect(answer.records).toHaveLength(1);
        expect(answer.ttlMs).toBeLessThanOrEqual(2000);
        expect(dns.asked).toHaveLength(1);
      },
    );
  });

  it.each([
    [8, true],
    [9, false],
  ])('follows a chain of %i CNAMEs over as many replies: %s', async (length, works) => {
    const chain = (asked: Asked): void => {
      const step = asked.name === name ? 0 : Number(/^c(\d+)/.exec(asked.name)![1]);
      if (step < length) asked.reply({ answers: [cname(asked.name, 60, `c${step + 1}.test`)] });
      else asked.reply({ answers: [srv(asked.name, 60, 1, 1, 80, 'a.example.test')], additionals });
    };
    await withServer(chain, async (resolver) => {
      const asking = resolver.resolveSrv(name);
      if (works) expect((await asking).records).toHaveLength(1);
      else await expect(asking).rejects.toMatchObject({ code: 'SRV_BADRESP' });
    });
  });

  it('asks for the addresses of those targets only that came without', async () => {
    const two = [srv(name, 5, 1, 1, 80, 'a.example.test'), srv(name, 5, 1, 1, 80, 'b.example.test')];
    const script = (asked: Asked): void => {
      if (asked.type === 'SRV') asked.reply({ answers: two, additionals });
      else
        asked.reply({
          answers:
            asked.type === 'A'
              ? [a(asked.name, 30, '10.0.0.2')]
              : [{ type: 'AAAA', name: asked.name, ttl: 30, data: 'fd00::2' }],
        });
    };
    await withServer(script, async (resolver, dns) => {
      const { records } = await resolver.resolveSrv(name);
      expect(records.map(({ addresses }) => addresses)).toEqual([['10.0.0.1'], ['10.0.0.2', 'fd00::2']]);
      expect(
        dns.asked
          .map((asked) => `${asked.name} ${asked.type}`)
          .slice(1)
          .sort(),
      ).toEqual(['b.example.test A', 'b.example.test AAAA']);
      await resolver.resolveSrv(name, { fresh: true });
      expect(dns.asked, 'addresses outlive the SRV answer').toHaveLength(4);
    });
  });

  it('serves a target that has IPv6 only', async () => {
    const script = (asked: Asked): void => {
      if (asked.type === 'SRV') asked.reply({ answers });
      else
        asked.reply({
          answers: asked.type === 'A' ? [] : [{ type: 'AAAA', name: asked.name, ttl: 30, data: 'fd00::1' }],
        });
    };
    await withServer(script, async (resolver) => {
      expect((await resolver.resolveSrv(name)).records[0]!.addresses).toEqual(['fd00::1']);
    });
  });

  it.each([
    [0, 1000],
    [2 ** 31 - 1, 300_000],
    [2 ** 32 - 1, 300_000],
  ])('keeps TTL %i within its bounds', async (ttl, mostMs) => {
    const extreme = [srv(name, ttl, 65_535, 65_535, 65_535, 'a.example.test')];
    await withServer(
      (asked) => asked.reply({ answers: extreme, additionals: [a('a.example.test', ttl, '10.0.0.1')] }),
      async (resolver) => {
        const { records, ttlMs } = await resolver.resolveSrv(name);
        expect(records[0]).toMatchObject({ priority: 65_535, weight: 65_535, port: 65_535 });
        expect(ttlMs).toBeGreaterThan(mostMs - 500);
        expect(ttlMs).toBeLessThanOrEqual(mostMs);
      },
    );
  });
});

describe('a resolver', () => {
  it('asks once for all who ask at the same time', async () => {
    await withServer(
      (asked) => asked.reply({ answers, additionals }),
      async (resolver, dns) => {
        await Promise.all(Array.from({ length: 50 }, () => resolver.resolveSrv(name)));
        expect(dns.asked).toHaveLength(1);
      },
    );
  });

  it('gives the last good answer, marked stale, while servers fail', async () => {
    const clock = new FakeClock();
    const dns = new ScriptedDns(() => clock.now(), ['10 100 8080 a.example.test 10.0.0.1']);
    using resolver = createResolver({ ask: dns.ask, clock });
    await resolver.resolveSrv(name);
    dns.answer = 'dead';
    await clock.pass(3_600_000);
    expect(await resolver.resolveSrv(name)).toMatchObject({
      stale: true,
      ttlMs: 0,
      ageMs: 3_600_000,
      records: [{ port: 8080 }],
    });
    await clock.pass(3_700_000);
    await expect(resolver.resolveSrv(name)).rejects.toMatchObject({ code: 'SRV_TIMEOUT' });
  });

  it.each([
    [{ servers: [] }, /at least one/],
    [{ servers: ['dns.example'] }, /"dns.example"/],
    [{ attempts: 0 }, /attempts is 0, wanted 1 to 20/],
    [{ queryTimeoutMs: NaN }, /queryTimeoutMs is NaN/],
  ])('refuses the options %j', (options, message) => {
    expect(() => createResolver(options)).toThrow(message);
  });
});
