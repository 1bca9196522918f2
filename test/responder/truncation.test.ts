/**
 * What is left out when a reply is too small for its answer, and what that is called (RFC 2181 section 9, RFC 9471).
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RRType } from '../../src/wire/codes.ts';
import { decodeMessage } from '../support/message.ts';
import { uint16At } from '../../src/wire/octets.ts';
import { DnsServer, type Query, encodeQuery, load } from '../support/dns.ts';

const apex = '@ 20 SOA ns host 1 2 3 4 10\n@ 20 NS ns\nns 20 A 10.0.0.1\n';

/** A zone with a service of `size` instances at `web`, named i0, i1, ...; their weights from `weightOf`. */
function serviceOf(size: number, weightOf: (index: number) => number = () => 1) {
  const lines = Array.from({ length: size }, (_, index) => {
    const address = `10.1.${index >> 8}.${index & 255}`;
    return `i${index}.web 30 A ${address}\nweb 5 A ${address}\nweb 5 SRV 10 ${weightOf(index)} 80 i${index}.web`;
  });
  return load('z.', apex + lines.join('\n'));
}

/** Octets of the reply. */
function lengthOf(server: DnsServer, qname: string, qtype: string, query: Query = {}): number {
  return server.exchange(encodeQuery(qname, qtype, query), query)!.length;
}

describe('a reply that is too small', () => {
  it('has at most 512 octets without EDNS, and no more than client and server take with it', () => {
    const server = new DnsServer([serviceOf(200)]);
    const sizes: readonly (readonly [Query, number])[] = [
      [{}, 512],
      [{ edns: { payloadSize: 0 } }, 512],
      [{ edns: { payloadSize: 511 } }, 512],
      [{ edns: { payloadSize: 900 } }, 900],
      [{ edns: { payloadSize: 65_535 } }, 1232],
    ];
    for (const [query, most] of sizes) {
      const length = lengthOf(server, 'web.z.', 'A', query);
      expect(length).toBeLessThanOrEqual(most);
      expect(length).toBeGreaterThan(most - 16);
    }
  });

  it('keeps the OPT record', () => {
    const reply = new DnsServer([serviceOf(200)]).ask('web.z.', 'A', { edns: {} });
    expect(reply.truncated).toBe(true);
    expect(reply.edns).not.toBeNull();
  });

  it('has TC exactly when a record of the answer is missing, and never has none', () => {
    for (const size of [1, 13, 17, 20, 30, 31, 100, 1000, 5000]) {
      const server = new DnsServer([serviceOf(size)]);
      for (const [qtype, transport, edns] of [
        ['A', 'udp'],
        ['SRV', 'udp'],
        ['SRV', 'udp', {}],
        ['SRV', 'tcp'],
        ['A', 'tcp', {}],
      ] as const) {
        const reply = server.ask('web.z.', qtype, { transport, ...(edns && { edns }) });
        expect(reply.truncated).toBe(reply.answers.length < size);
        expect(reply.answers.length).toBeGreaterThan(0);
        expect(new Set(reply.answers.map(({ rdata }) => rdata)).size).toBe(reply.answers.length);
      }
    }
  });

  it('leaves out additional rrsets first, whole ones, without TC', () => {
    const lines = Array.from({ length: 8 }, (_, index) =>
      `@ 5 SRV 0 1 80 i${index}
        i${index} 5 A 10.0.0.${index}
        i${index} 5 A 10.0.1.${index}
        i${index} 5 AAAA fd00::${index}`.replaceAll('\n        ', '\n'),
    );
    const server = new DnsServer([load('z.', apex + lines.join('\n'))]);
    for (let payloadSize = 512; payloadSize <= 700; payloadSize++) {
      const reply = server.ask('z.', 'SRV', { edns: { payloadSize } });
      expect(reply.truncated).toBe(false);
      expect(reply.answers).toHaveLength(8);
      const addresses = (type: number): string[] =>
        reply.additionals.filter((record) => record.type === type).map(({ owner }) => owner);
      const owners = addresses(RRType.A);
      expect(owners.every((owner) => owners.filter((other) => other === owner).length === 2)).toBe(true);
    }
  });

  it('has TC when glue does not fit that a referral needs, and not for other glue', () => {
    const servers = (where: string): string =>
      Array.from(
        { length: 12 },
        (_, i) => `sub 5 NS ns${i}.${where}\nns${i}.${where} 5 A 10.0.0.${i}\nns${i}.${where} 5 AAAA fd00::${i}`,
      ).join('\n');
    const needed = new DnsServer([load('z.', apex + servers('sub'))]).ask('x.sub.z.', 'A');
    expect(needed).toMatchObject({ truncated: true, authoritative: false });
    expect(needed.authorities).toHaveLength(12);
    const welcome = new DnsServer([load('z.', apex + servers('elsewhere'))]).ask('x.sub.z.', 'A');
    expect(welcome).toMatchObject({ truncated: false, authoritative: false });
    expect(welcome.additionals.length).toBeGreaterThan(0);
    expect(new DnsServer([load('z.', apex + servers('sub'))]).ask('x.sub.z.', 'A', { edns: {} }).truncated).toBe(false);
  });

  it('has TC and nothing else when not even the first record fits', () => {
    const text = Array.from({ length: 3 }, () => `"${'x'.repeat(250)}"`).join(' ');
    const reply = new DnsServer([load('z.', `${apex}big 5 TXT ${text}`)]).ask('big.z.', 'TXT');
    expect(reply).toMatchObject({ truncated: true, rcode: 0, answers: [] });
  });

  it('keeps the same records for a client each time, others for another', () => {
    const server = new DnsServer([serviceOf(200)]);
    const subset = (peer: string, qtype: string): string =>
      server
        .ask('web.z.', qtype, { peer })
        .answers.map(({ rdata }) => rdata)
        .join();
    for (const qtype of ['A', 'SRV']) {
      const clients = Array.from({ length: 20 }, (_, index) => `10.0.0.${index}`);
      const subsets = clients.map((peer) => subset(peer, qtype));
      expect(clients.map((peer) => subset(peer, qtype))).toEqual(subsets);
      expect(new Set(subsets).size).toBe(20);
    }
  });

  it('changes little for a client when an instance joins', () => {
    const subset = (size: number): string[] =>
      new DnsServer([serviceOf(size)]).ask('web.z.', 'A', { peer: '10.0.0.1' }).answers.map(({ rdata }) => rdata);
    const before = subset(200);
    const after = new Set(subset(201));
    expect(before.filter((rdata) => !after.has(rdata)).length).toBeLessThanOrEqual(1);
  });

  it('is drawn by weight', () => {
    const server = new DnsServer([serviceOf(60, (index) => (index < 30 ? 300 : 100))]);
    let heavy = 0;
    let all = 0;
    for (let client = 0; client < 2000; client++) {
      const first = server.ask('web.z.', 'SRV', { peer: `10.0.${client >> 8}.${client & 255}` }).answers[0]!;
      all += 1;
      if (uint16At(first.rdata, 2) === 300) heavy += 1;
    }
    expect(heavy / all).toBeGreaterThan(0.7);
    expect(heavy / all).toBeLessThan(0.8);
  });

  it('keeps the lowest priority', () => {
    const lines = Array.from(
      { length: 60 },
      (_, index) => `web 5 SRV ${index < 4 ? 1 : 2} ${index < 4 ? 1 : 60_000} 80 i${index}.web`,
    );
    const reply = new DnsServer([load('z.', apex + lines.join('\n'))]).ask('web.z.', 'SRV');
    expect(reply.truncated).toBe(true);
    expect(reply.answers.filter(({ rdata }) => uint16At(rdata, 0) === 1)).toHaveLength(4);
  });

  it('fits and decodes, whatever the sizes', () => {
    const server = new DnsServer([serviceOf(40)]);
    fc.assert(
      fc.property(
        fc.integer({ min: 500, max: 1300 }),
        fc.constantFrom('A', 'SRV'),
        fc.integer({ min: 512, max: 2000 }),
        (payloadSize, qtype, room) => {
          const octets = server.exchange(encodeQuery('web.z.', qtype, { edns: { payloadSize } }), { room })!;
          expect(octets.length).toBeLessThanOrEqual(Math.min(Math.max(payloadSize, 512), 1232, room));
          const reply = decodeMessage(octets);
          expect(reply.truncated).toBe(reply.answers.length < 40);
        },
      ),
    );
  });
});
