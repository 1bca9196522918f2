/** DNS tests in presentation form: zones, queries and replies as text, asked of a responder in process. */
import { expect } from 'vitest';
import type { Clock } from '../../src/runtime/clock.ts';
import { openLog } from '../../src/runtime/log.ts';
import { Counters } from '../../src/responder/counters.ts';
import { createExchange, readFrom } from '../../src/transport/exchange.ts';
import type { Exchange } from '../../src/responder/exchange.ts';
import { type Responder, createResponder } from '../../src/responder/responder.ts';
import type { ResponderSettings } from '../../src/responder/settings.ts';
import { parseIpv6 } from '../../src/wire/address.ts';
import { Rcode, RRClass, parseType } from '../../src/wire/codes.ts';
import type { Edns } from '../../src/wire/edns.ts';
import { type Message, decodeMessage, encodeMessage } from './message.ts';
import { type Name, foldName, parseName, rootName } from '../../src/wire/name.ts';
import { type RRset, type ResourceRecord, printRecord } from '../../src/wire/record.ts';
import type { NameMark, ZoneChange } from '../../src/zone/change.ts';
import { parseZone } from '../../src/zonefile/parse.ts';

/**
 * What is asked, and what the reply must be. A section that is left out must be empty; the order of records does not
 * count.
 */
export interface Case {
  readonly qname: string;
  readonly qtype: string;
  /** `NOERROR` where left out. */
  readonly rcode?: keyof typeof Rcode;
  /** Of AA, TC, RD, RA, Z, AD, CD, those that are set; `AA` where left out. */
  readonly flags?: string;
  readonly answer?: readonly string[];
  readonly authority?: readonly string[];
  readonly additional?: readonly string[];
}

export const baseSettings: ResponderSettings = {
  udpPayload: 1232,
  allowQuery: ['0.0.0.0/0', '::/0'],
  trusted: ['0.0.0.0/0', '::/0'],
  rateLimit: null,
  cache: { answers: 1024, octets: 2 ** 20 },
  cookieSecrets: ['000102030405060708090a0b0c0d0e0f'],
  nsid: null,
  version: null,
  serverId: null,
  tcpIdle: 10,
  seed: 1,
};

/** A clock that tests turn themselves. */
export class TestClock implements Clock {
  milliseconds = 1_000_000;
  now(): number {
    return this.milliseconds;
  }
  wall(): number {
    return 1_700_000_000_000 + this.milliseconds;
  }
  after(): never {
    throw new Error('a responder waits for nothing');
  }
}

/** A responder that serves `zones`, with its counters and the clock that it goes by. */
export class DnsServer {
  readonly clock = new TestClock();
  readonly counters = new Counters(new ArrayBuffer(Counters.byteLength));
  readonly responder: Responder;

  constructor(zones: readonly ZoneChange[] = [], settings: Partial<ResponderSettings> = {}) {
    const parts = { clock: this.clock, log: openLog('silent', false), counters: this.counters };
    this.responder = createResponder({ ...baseSettings, ...settings }, parts);
    for (const zone of zones) this.apply(zone);
  }

  /** Applies a change, and compiles it as if there had been time for that. */
  apply(change: ZoneChange): number {
    const { heldFor } = this.responder.apply(change);
    this.responder.compile(Infinity);
    return heldFor;
  }

  /** The reply to `request`, octet for octet; null when there is none. */
  exchange(
    request: Buffer,
    { transport = 'udp', peer = '127.0.0.1', room = transport === 'udp' ? 4096 : 65_535 }: Path = {},
  ): Buffer | null {
    const exchange: Exchange = {
      ...createExchange(transport, Buffer.alloc(room)),
      end: request.length,
      peer: addressOctets(peer),
      peerPort: 4096,
      receivedAt: this.clock.now(),
    };
    readFrom(exchange, request);
    const length = this.responder.respond(exchange);
    return length === 0 ? null : exchange.reply.subarray(0, length);
  }

  /** The reply to one question. */
  ask(qname: string, qtype: string, query: Query = {}): Message {
    const request = encodeQuery(qname, qtype, query);
    const reply = this.exchange(request, query);
    if (reply === null) throw new Error('there was no reply');
    return decodeMessage(reply);
  }

  /** Asks what the case asks and compares all that the case says. */
  check(expected: Case): void {
    const reply = this.ask(expected.qname, expected.qtype);
    expect(printReply(reply)).toEqual({
      rcode: expected.rcode ?? 'NOERROR',
      flags: expected.flags ?? 'AA',
      answer: normalise(expected.answer),
      authority: normalise(expected.authority),
      additional: normalise(expected.additional),
    });
  }
}

/** How a query reaches the responder. */
export interface Path {
  readonly transport?: 'udp' | 'tcp';
  readonly peer?: string;
  /** Octets of the reply buffer. */
  readonly room?: number;
}

export interface Query extends Path {
  readonly id?: number;
  readonly class?: number;
  /** With OPT; `{}` for one without options. */
  readonly edns?: Partial<Edns>;
  readonly recursionDesired?: boolean;
}

export function encodeQuery(qname: string, qtype: string, query: Query = {}): Buffer {
  const type = parseType(qtype);
  if (type === null) throw new Error(`no type ${qtype}`);
  const edns = { payloadSize: 1232, extendedRcode: 0, version: 0, dnssecOk: false, options: [], ...query.edns };
  return encodeMessage({
    id: query.id ?? 4711,
    recursionDesired: query.recursionDesired ?? false,
    questions: [{ name: parseName(qname), type, class: query.class ?? RRClass.IN }],
    edns: query.edns === undefined ? null : edns,
  });
}

/** The `load` of a zone file's text; names are relative to the apex. */
export function load(apex: string, text: string, marks: readonly NameMark[] = []): ZoneChange {
  const name = foldName(parseName(apex));
  return { zone: name, serial: 1, kind: 'load', removed: [], added: rrsets(text, name), marks };
}

/** An `update` that takes away and brings the records of two texts, with absolute names. */
export function update(
  apex: string,
  serial: number,
  removed: string,
  added: string,
  marks: readonly NameMark[] = [],
): ZoneChange {
  const zone = foldName(parseName(apex));
  return { zone, serial, kind: 'update', removed: rrsets(removed, zone), added: rrsets(added, zone), marks };
}

/** The records of zone file lines, each as an rrset of its own. */
export function rrsets(text: string, apex: Name = rootName): RRset[] {
  return parseZone(text, { file: 'test', apex }).map(({ owner, type, ttl, rdata }) => ({
    owner,
    type,
    ttl,
    rdata: [rdata],
  }));
}

/** A reply in the terms of a Case, sections sorted. */
export function printReply(reply: Message) {
  const flags = [
    reply.authoritative && 'AA',
    reply.truncated && 'TC',
    reply.recursionDesired && 'RD',
    reply.recursionAvailable && 'RA',
    reply.authenticData && 'AD',
    reply.checkingDisabled && 'CD',
  ];
  return {
    rcode: Object.entries(Rcode).find(([, code]) => code === reply.rcode)?.[0],
    flags: flags.filter(Boolean).join(' '),
    answer: printRecords(reply.answers),
    authority: printRecords(reply.authorities),
    additional: printRecords(reply.additionals),
  };
}

export function printRecords(records: readonly ResourceRecord[]): string[] {
  return records.map((record) => printRecord(record)).sort();
}

/** The lines as our own printer writes them. */
export function normalise(lines: readonly string[] = []): string[] {
  return printRecords(parseZone(lines.join('\n'), { file: 'expected', apex: rootName }));
}

/** As transports hand it over: IPv4 as ::ffff:a.b.c.d. */
function addressOctets(text: string): Uint8Array {
  return Buffer.from(parseIpv6(text) ?? parseIpv6(`::ffff:${text}`)!, 'latin1');
}
