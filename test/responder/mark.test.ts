/** What is said of a name beyond its records: that it exists or not, how many records, and why. */
import { describe, expect, it } from 'vitest';
import { decodeExtendedError, findOption } from '../../src/wire/edns.ts';
import { ExtendedError, OptionCode } from '../../src/wire/codes.ts';
import { parseName } from '../../src/wire/name.ts';
import { DnsServer, load, update } from '../support/dns.ts';

const soa = 'z. 10 SOA ns.z. host.z. 1 2 3 4 10';
const addresses = Array.from({ length: 9 }, (_, index) => `web 5 A 10.0.0.${index + 1}`).join('\n');
const text = `@ 20 SOA ns host 1 2 3 4 10\n@ 20 NS ns\n*.down 5 A 10.9.9.9\nx.web 5 A 10.0.1.1\n${addresses}`;
const web = parseName('web.z.');

describe('a mark', () => {
  it('makes a name exist that has no records', () => {
    const server = new DnsServer([load('z.', text, [{ owner: parseName('empty.z.'), mark: { existence: 'exists' } }])]);
    server.check({ qname: 'empty.z.', qtype: 'SRV', authority: [soa] });
    server.check({ qname: 'other.z.', qtype: 'SRV', rcode: 'NXDOMAIN', authority: [soa] });
  });

  it('denies a name, its records and the wildcard above it, but no name below', () => {
    const denied = { existence: 'denied' as const };
    const server = new DnsServer([
      load('z.', text, [
        { owner: web, mark: denied },
        { owner: parseName('a.down.z.'), mark: denied },
      ]),
    ]);
    server.check({ qname: 'web.z.', qtype: 'A', rcode: 'NXDOMAIN', authority: [soa] });
    server.check({ qname: 'a.down.z.', qtype: 'A', rcode: 'NXDOMAIN', authority: [soa] });
    server.check({ qname: 'x.web.z.', qtype: 'A', answer: ['x.web.z. 5 A 10.0.1.1'] });
  });

  it('limits the records of an answer without TC, the same ones for a client each time', () => {
    const server = new DnsServer([load('z.', text, [{ owner: web, mark: { limit: 3 } }])]);
    const subset = (peer: string): string => {
      const reply = server.ask('web.z.', 'A', { peer });
      expect(reply.truncated).toBe(false);
      expect(reply.answers).toHaveLength(3);
      return reply.answers.map(({ rdata }) => rdata).join();
    };
    const clients = Array.from({ length: 20 }, (_, index) => `127.0.0.${index + 1}`);
    const subsets = clients.map(subset);
    expect(clients.map(subset)).toEqual(subsets);
    expect(new Set(subsets).size).toBeGreaterThan(10);
  });

  it('may be larger than the rrset', () => {
    const server = new DnsServer([load('z.', text, [{ owner: web, mark: { limit: 30 } }])]);
    expect(server.ask('web.z.', 'A').answers).toHaveLength(9);
  });

  it('is sent as an extended error to clients with EDNS, from the cache too', () => {
    const extendedError = { infoCode: 0, text: 'fail-open: nothing is healthy' };
    const server = new DnsServer([load('z.', text, [{ owner: web, mark: { extendedError } }])]);
    for (let times = 0; times < 3; times++) {
      const { edns } = server.ask('x.web.z.', 'A', { edns: {} });
      expect(findOption(edns!.options, OptionCode.EDE)).toBeUndefined();
      const marked = server.ask('web.z.', 'A', { edns: {} });
      expect(decodeExtendedError(findOption(marked.edns!.options, OptionCode.EDE)!)).toEqual(extendedError);
      expect(server.ask('web.z.', 'A').edns).toBeNull();
    }
  });

  it('is replaced by a later one and taken away by null', () => {
    const server = new DnsServer([load('z.', text, [{ owner: web, mark: { limit: 3 } }])]);
    server.apply(update('z.', 2, '', '', [{ owner: web, mark: { limit: 5 } }]));
    expect(server.ask('web.z.', 'A').answers).toHaveLength(5);
    server.apply(update('z.', 3, '', '', [{ owner: web, mark: null }]));
    expect(server.ask('web.z.', 'A').answers).toHaveLength(9);
  });
});

describe('a stale zone', () => {
  const codeOf = (server: DnsServer, name: string, type: string): number | null => {
    const option = findOption(server.ask(name, type, { edns: {} }).edns!.options, OptionCode.EDE);
    return option === undefined ? null : decodeExtendedError(option)!.infoCode;
  };
  const stale = { ...update('z.', 2, '', ''), stale: true };

  it('says so with every answer to clients with EDNS, cached or not, until it is fresh again', () => {
    const server = new DnsServer([load('z.', text), load('other.', text)]);
    const questions = [['web.z.', 'A'], ['web.z.', 'AAAA'], ['x.down.z.', 'A'], ['z.', 'SOA']] as const;
    const codes = (): unknown[] => questions.map(([name, type]) => codeOf(server, name, type));
    for (const change of [stale, update('z.', 3, '', ''), { ...stale, serial: 4 }]) {
      server.apply(change);
      const wanted = change === stale || change.serial === 4 ? ExtendedError.StaleAnswer : null;
      // Often enough to be answered from the cache.
      for (let times = 0; times < 3; times++) expect(codes()).toEqual(questions.map(() => wanted));
      expect(codeOf(server, 'web.other.', 'A')).toBeNull();
    }
    expect(server.ask('web.z.', 'A').edns).toBeNull();
  });

  it('has a code of its own for names that it denies, and puts both before what a mark says', () => {
    const extendedError = { infoCode: 0, text: 'no instance is healthy' };
    const server = new DnsServer([load('z.', text, [{ owner: web, mark: { extendedError } }])]);
    server.apply(stale);
    expect(codeOf(server, 'nothing.z.', 'A')).toBe(ExtendedError.StaleNxdomainAnswer);
    expect(codeOf(server, 'web.z.', 'A')).toBe(ExtendedError.StaleAnswer);
    expect(server.counters.read().staleAnswers).toBe(2);
  });
});
