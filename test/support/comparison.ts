/**
 * The same zones served by Signpost, NSD and Knot, and the same messages sent to all three. Where NSD and Knot agree about
 * a part of the reply, Signpost must agree with them; where they differ, with one of them.
 */
import { readdir, readFile } from 'node:fs/promises';
import { RRType, Rcode } from '../../src/wire/codes.ts';
import { decodeMessage, encodeMessage, type Message } from './message.ts';
import { type Name, foldName } from '../../src/wire/name.ts';
import { printRecord, type ResourceRecord } from '../../src/wire/record.ts';
import { Asker } from './asker.ts';
import { type NameServer, startKnot, startNsd } from './name-servers.ts';
import type { Transport } from './query.ts';
import { startServer, type TestServer } from './server.ts';

export class Comparison {
  readonly #ours: TestServer;
  readonly #nsd: NameServer;
  readonly #knot: NameServer;

  /** Serves the zone files of `directory` with all three. */
  static async start(directory: string): Promise<Comparison> {
    const zones: Record<string, string> = {};
    for (const file of await readdir(directory)) zones[file.replace(/\.zone$/, '')] = await readFile(directory + file, 'latin1');
    return new Comparison(...(await Promise.all([startServer({ zones: directory }), startNsd(zones), startKnot(zones)])));
  }

  private constructor(ours: TestServer, nsd: NameServer, knot: NameServer) {
    this.#ours = ours;
    this.#nsd = nsd;
    this.#knot = knot;
  }

  /**
   * Sends the messages, with ids of their own, at once over one UDP socket or TCP connection a server; returns for each
   * what of our reply neither NSD nor Knot says, null where that is nothing.
   */
  async compare(transport: Transport, messages: readonly Buffer[]): Promise<(string | null)[]> {
    const ports = [this.#ours.dnsPort, this.#nsd.port, this.#knot.port];
    const askers = await Promise.all(ports.map((port) => Asker.open(port, transport)));
    try {
      return await Promise.all(messages.map(async (message) => {
        const [ours, nsd, knot] = await Promise.all([
          askers[0]!.ask(message).then((reply) => replyOf(decodeMessage(reply))),
          ...askers.slice(1).map((asker) => askOn(asker, message)),
        ]);
        return difference(ours, nsd!, knot!);
      }));
    } finally {
      for (const asker of askers) asker.close();
    }
  }

  /** Sends the messages by UDP; returns for each the heads of the replies of Signpost, NSD and Knot. */
  async heads(messages: readonly Buffer[]): Promise<[ours: string, nsd: string, knot: string][]> {
    const ports = [this.#ours.dnsPort, this.#nsd.port, this.#knot.port];
    const askers = await Promise.all(ports.map((port) => Asker.open(port, 'udp')));
    const headOf = (asker: Asker, message: Buffer): Promise<string> =>
      asker.ask(message).then((reply) => head(decodeMessage(reply)), () => 'no reply');
    const [ours, nsd, knot] = askers as [Asker, Asker, Asker];
    try {
      return await Promise.all(
        messages.map((message) => Promise.all([headOf(ours, message), headOf(nsd, message), headOf(knot, message)])),
      );
    } finally {
      for (const asker of askers) asker.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#ours, this.#nsd, this.#knot].map((server) => server[Symbol.asyncDispose]()));
  }
}

/**
 * NSD and Knot end a chain of aliases where it leaves the zone. RFC 1034 section 4.3.2 goes on with all zones that the server
 * has, and so does Signpost: here they are asked on for the rest, as a resolver does.
 */
async function askOn(asker: Asker, message: Buffer): Promise<Reply> {
  const query = decodeMessage(message);
  const question = query.questions[0];
  let reply = decodeMessage(await asker.ask(message));
  const asked = new Set<Name>();
  for (;;) {
    const next = question && danglingTarget(foldName(question.name), question.type, reply);
    if (!next || asked.has(next)) return replyOf(reply);
    asked.add(next);
    const rest = decodeMessage(await asker.ask(encodeMessage({ ...query, questions: [{ ...question, name: next }] })));
    if (rest.rcode === Rcode.REFUSED) return replyOf(reply);
    const known = reply.answers.map(printRecord);
    const answers = [...reply.answers, ...rest.answers.filter((record) => !known.includes(printRecord(record)))];
    reply = { ...rest, answers, authoritative: reply.authoritative };
  }
}

/** The folded name that the aliases of a reply lead to, if the reply says no more of it; null without. */
function danglingTarget(qname: Name, type: number, reply: Message): Name | null {
  if (reply.rcode !== Rcode.NOERROR || reply.truncated) return null;
  if (reply.authorities.some((record) => record.type === RRType.SOA)) return null;
  if (type === RRType.CNAME || type === RRType.ANY) return null;
  const ownersOf = (name: Name): ResourceRecord[] => reply.answers.filter(({ owner }) => foldName(owner) === name);
  const seen = new Set<Name>();
  for (let name = qname; !seen.has(name);) {
    seen.add(name);
    const records = ownersOf(name);
    const alias = records.find((record) => record.type === RRType.CNAME);
    if (alias === undefined) return records.length === 0 && name !== qname ? name : null;
    name = foldName(alias.rdata);
  }
  return null;
}

interface Reply {
  readonly header: string;
  readonly answer: string;
  readonly authority: string;
  /** Addresses for names in the reply that are in the zones; which of them come along is each server's choice. */
  readonly additional: ReadonlySet<string>;
}

/** All that is neither question nor record: opcode, rcode, bits, EDNS version. */
function head(message: Message): string {
  const flags = [
    message.authoritative && 'AA', message.truncated && 'TC', message.recursionDesired && 'RD', message.recursionAvailable && 'RA',
    message.authenticData && 'AD', message.checkingDisabled && 'CD', message.edns !== null && 'OPT',
  ].filter(Boolean);
  const version = message.edns === null || message.edns.version === 0 ? '' : ` version ${message.edns.version}`;
  return `opcode ${message.opcode} rcode ${message.rcode} ${flags.join(' ')}${version}`;
}

function replyOf(message: Message): Reply {
  return {
    header: head(message),
    answer: print(message.answers),
    authority: print(message.authorities),
    additional: new Set(message.additionals.map((record) => printRecord(record).toLowerCase())),
  };
}

function print(records: readonly ResourceRecord[]): string {
  return records.map((record) => printRecord(record).toLowerCase()).sort().join('\n');
}

function difference(ours: Reply, nsd: Reply, knot: Reply): string | null {
  for (const part of ['header', 'answer', 'authority'] as const) {
    if (ours[part] === nsd[part] || ours[part] === knot[part]) continue;
    return `${part}: found\n${ours[part]}\nwanted (NSD)\n${nsd[part]}\nor (Knot)\n${knot[part]}`;
  }
  const known = new Set([...nsd.additional, ...knot.additional]);
  const extra = [...ours.additional].filter((record) => !known.has(record));
  if (extra.length > 0) return `additional: found ${extra.join(', ')}, which neither has`;
  const missing = [...nsd.additional].filter((record) => knot.additional.has(record) && !ours.additional.has(record));
  return missing.length > 0 ? `additional: ${missing.join(', ')} is missing` : null;
}
