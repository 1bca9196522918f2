import { describe, expect, it } from 'vitest';
import { ExtendedError, Rcode } from '../../src/wire/codes.ts';
import { parseName } from '../../src/wire/name.ts';
import { Counters, latencyRow, rcodeCount, timedQueries } from '../../src/responder/counters.ts';
import { DnsServer, load } from '../support/dns.ts';

const zone = load('example.', '@ 300 SOA ns1 host 1 3600 600 86400 60\n@ 300 NS ns1\nwww 300 A 192.0.2.2');

describe('counters', () => {
  it('tell replies by transport and rcode, and what became of other messages', () => {
    const server = new DnsServer([zone]);
    server.ask('www.example.', 'A');
    server.ask('www.example.', 'A');
    server.ask('www.example.', 'A', { transport: 'tcp' });
    server.ask('missing.example.', 'A');
    server.ask('www.other.', 'A');
    server.ask('www.example.', 'A', { edns: { version: 1 } });
    server.exchange(Buffer.alloc(5));
    const values = server.counters.read();
    expect(values.udp[Rcode.NOERROR]).toBe(2);
    expect(values.tcp[Rcode.NOERROR]).toBe(1);
    expect(values.udp[Rcode.NXDOMAIN]).toBe(1);
    expect(values.udp[Rcode.REFUSED]).toBe(1);
    expect(values.udp[Rcode.BADVERS]).toBe(1);
    expect(values).toMatchObject({ malformed: 1, compiled: 3, cacheHits: 0, cacheMisses: 2, truncated: 0, failures: 0 });
  });

  it('tell the replies from stale state, with and without the cache', () => {
    const mark = { extendedError: { infoCode: ExtendedError.StaleAnswer, text: '' } };
    const text = `@ 5 SOA ns1 host 1 3600 600 86400 5\n@ 5 NS ns1\nwww 5 A 192.0.2.2\nold 5 A 192.0.2.3`;
    const server = new DnsServer([load('z.', text, [{ owner: parseName('old.z.'), mark }])]);
    for (const name of ['www.z.', 'old.z.', 'old.z.', 'old.z.']) server.ask(name, 'A');
    expect(server.counters.read().staleAnswers).toBe(3);
  });

  it('are read by whoever has the memory', () => {
    const memory = new SharedArrayBuffer(Counters.byteLength);
    new Counters(memory).countReply('udp', Rcode.REFUSED);
    expect(new Counters(memory).read().udp[Rcode.REFUSED]).toBe(1);
  });

  it('time one in so many queries', () => {
    const server = new DnsServer([zone]);
    for (let i = 0; i < timedQueries * 3; i++) server.ask('www.example.', 'A');
    const counts = rowOf(server.counters, 'udp', Rcode.NOERROR).slice(0, -1);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
  });

  it('put latencies into the bucket that is just large enough', () => {
    const counters = new Counters(new ArrayBuffer(Counters.byteLength));
    for (const microseconds of [0.5, 1, 1.5, 7, 1e9]) counters.countLatency('tcp', Rcode.NXDOMAIN, microseconds);
    expect(rowOf(counters, 'tcp', Rcode.NXDOMAIN)).toEqual([2, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1e9 + 10]);
    expect(rowOf(counters, 'udp', Rcode.NXDOMAIN)).toEqual(Array(13).fill(0));
  });
});

/** The histogram of one transport and rcode, with its sum. */
function rowOf(counters: Counters, transport: 'udp' | 'tcp', rcode: number): readonly number[] {
  const start = ((transport === 'udp' ? 0 : rcodeCount) + rcode) * latencyRow;
  return counters.read().latency.slice(start, start + latencyRow);
}
