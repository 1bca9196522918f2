/**
 * Every value that a field can have, and every place where a message can end: the responder answers or stays silent, and
 * two decoders of others can read each reply.
 */
import { describe, expect, it } from 'vitest';
import { DnsServer, encodeQuery, load } from '../support/dns.ts';
import { judgeReply } from '../support/judges.ts';

const server = new DnsServer([
  load('example.test', `
@ 300 IN SOA ns1 h 1 1 1 1 60
@ 300 IN NS ns1
ns1 300 IN A 192.0.2.1
www 300 IN A 192.0.2.80
www 300 IN AAAA 2001:db8::80
_sip._tcp 300 IN SRV 0 5 5060 www
alias 300 IN CNAME www
*.wild 300 IN MX 10 www
old 300 IN DNAME new
child 300 IN NS ns.child
ns.child 300 IN A 192.0.2.2
`),
]);

/** Sends the query by UDP and by TCP; returns the replies, each judged. */
function exchange(query: Buffer): Buffer[] {
  return (['udp', 'tcp'] as const).flatMap((transport) => {
    const reply = server.exchange(query, { transport });
    if (reply === null) return [];
    judgeReply(query, reply);
    return [reply];
  });
}

const rcodeOf = (reply: Buffer): number => reply[3]! & 0x0f;

/** Calls `isRight` for every 16-bit value and fails with those for which it is false; `expect` for each would take most of the time. */
function forEveryWord(isRight: (word: number) => boolean): void {
  const wrong: string[] = [];
  for (let word = 0; word <= 0xffff; word++) if (!isRight(word)) wrong.push(word.toString(16));
  expect(wrong).toEqual([]);
}

describe('each of the 65,536', () => {
  const query = encodeQuery('www.example.test.', 'A', { edns: {} });
  const typeAt = 12 + 'www.example.test.'.length + 1;

  it('query types gets a reply', () => {
    const asked = Buffer.from(query);
    forEveryWord((type) => {
      asked.writeUInt16BE(type, typeAt);
      return exchange(asked).length === 2;
    });
  });

  it('classes gets a reply', () => {
    const asked = Buffer.from(query);
    forEveryWord((type) => {
      asked.writeUInt16BE(type, typeAt + 2);
      return exchange(asked).length === 2;
    });
  });

  it('flag words gets a reply with QR, the opcode and RD of the query, without RA and Z; one that says it is a response gets none', () => {
    const asked = Buffer.from(query);
    forEveryWord((flags) => {
      asked.writeUInt16BE(flags, 2);
      const replies = exchange(asked);
      if ((flags & 0x8000) !== 0) return replies.length === 0;
      const kept = 0x8000 | (flags & 0x7900);
      return replies.length === 2 && replies.every((reply) => (reply.readUInt16BE(2) & 0xf9c0) === kept);
    });
  });
});

const names = [
  'example.test.', 'www.example.test.', '_sip._tcp.example.test.', 'alias.example.test.', 'x.wild.example.test.', 'a.old.example.test.',
  'x.child.example.test.', 'nope.example.test.', 'example.com.', '.',
];
const valid = names.flatMap((name) => [
  encodeQuery(name, 'A'), encodeQuery(name, 'SRV', { edns: {} }), encodeQuery(name, 'ANY', { edns: { dnssecOk: true } }),
  encodeQuery(name, 'NS', { recursionDesired: true }), encodeQuery(name, 'SOA', { edns: { payloadSize: 512 } }),
]);

describe('malformed messages', () => {
  it('every truncation of 50 valid messages is answered with FORMERR or not at all', () => {
    expect(valid.length).toBe(50);
    for (const message of valid) {
      for (let length = 0; length < message.length; length++) {
        for (const reply of exchange(message.subarray(0, length))) expect(rcodeOf(reply), `${length} of ${message.toString('hex')}`).toBe(1);
      }
    }
  });

  it('every octet in the place of every octet of a query harms nobody', () => {
    const message = encodeQuery('www.example.test.', 'A', { edns: {} });
    for (let at = 0; at < message.length; at++) {
      const changed = Buffer.from(message);
      for (let octet = 0; octet < 256; octet++) {
        changed[at] = octet;
        exchange(changed);
      }
    }
  });

  it('a compression pointer in the question is FORMERR, also one to itself or to the end', () => {
    for (let target = 0; target < 64; target++) {
      const query = Buffer.concat([encodeQuery('.', 'A').subarray(0, 12), Buffer.from([0xc0, target, 0, 1, 0, 1])]);
      expect(exchange(query).map(rcodeOf), `pointer to ${target}`).toEqual([1, 1]);
    }
  });

  it.each([4, 6, 8, 10])('counts at their edges in the word at octet %d harm nobody', (at) => {
    for (const message of valid) {
      for (const count of [0, 1, 2, 3, 127, 128, 255, 256, 32_767, 32_768, 65_534, 65_535]) {
        const changed = Buffer.from(message);
        changed.writeUInt16BE(count, at);
        exchange(changed);
      }
    }
  });
});

it('each EDNS version above 0 is BADVERS, with an OPT of version 0', () => {
  for (let version = 1; version <= 255; version++) {
    const replies = exchange(encodeQuery('www.example.test.', 'A', { edns: { version } }));
    expect(replies.length).toBe(2);
    for (const reply of replies) {
      // The upper eight bits of the rcode stand in the OPT's TTL (RFC 6891 section 6.1.3); ours is the last record, without rdata.
      expect(rcodeOf(reply)).toBe(0);
      expect([reply.at(-6), reply.at(-5)], `version ${version}`).toEqual([1, 0]);
    }
  }
});
