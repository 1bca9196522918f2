/**
 * The same zones served by Signpost, NSD and Knot, and the same questions asked of all three. Where NSD and Knot agree about a
 * part of the reply, Signpost must agree with them; where they differ, with one of them. Departures, with their reasons,
 * are in departures.md and in the table below.
 */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeMessage, type Message } from '../../src/wire/message.ts';
import { printRecord, type ResourceRecord } from '../../src/wire/record.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { encodeQuery } from '../support/dns.ts';
import { type NameServer, startKnot, startNsd } from '../support/name-servers.ts';
import { Asker } from '../support/asker.ts';
import { toolsMissing } from '../support/tools.ts';
import { type Departure, departures } from './departures.ts';

const directory = fileURLToPath(new URL('zones/', import.meta.url));

let servers: { readonly ours: TestServer; readonly nsd: NameServer; readonly knot: NameServer } | null = null;
beforeAll(async () => {
  if (toolsMissing('nsd', 'knotd')) return;
  const zones: Record<string, string> = {};
  for (const file of await readdir(directory)) zones[file.replace(/\.zone$/, '')] = await readFile(directory + file, 'latin1');
  const [ours, nsd, knot] = await Promise.all([startServer({ zones: directory }), startNsd(zones), startKnot(zones)]);
  servers = { ours, nsd, knot };
});
afterAll(async () => {
  if (servers === null) return;
  await servers.ours[Symbol.asyncDispose]();
  await servers.nsd[Symbol.asyncDispose]();
  await servers.knot[Symbol.asyncDispose]();
});

/** Names that stand in the zones, names between them, and names that a rule would make or refuse. */
const names = `
. test example.test EXAMPLE.Test www.example.test WwW.eXample.tEst mixed.example.test ns1.example.test mail.example.test
nope.example.test a.nope.example.test a.www.example.test a.b.www.example.test
here.example.test down.here.example.test deep.down.here.example.test x.down.here.example.test _tcp.example.test
_sip._tcp.example.test x._sip._tcp.example.test _udp.example.test
alias.example.test alias2.example.test outside.example.test nowhere.example.test toent.example.test
todelegated.example.test a.alias.example.test a.alias2.example.test
wild.example.test a.wild.example.test b.a.wild.example.test host.wild.example.test x.host.wild.example.test *.wild.example.test
ent.wild.example.test x.ent.wild.example.test below.ent.wild.example.test y.below.ent.wild.example.test
x.aliases.example.test y.x.aliases.example.test *.aliases.example.test
star.example.test a.star.example.test *.star.example.test sub.*.star.example.test x.*.star.example.test b.a.star.example.test
sub.a.star.example.test x.wsrv.example.test
child.example.test ns.child.example.test hidden.child.example.test x.child.example.test a.b.child.example.test
sibling.example.test ns.sibling.example.test far.example.test x.far.example.test cut.example.test b.cut.example.test
a.b.cut.example.test x.a.b.cut.example.test
old.example.test host.old.example.test x.old.example.test a.b.old.example.test new.example.test host.new.example.test
gone.example.test x.gone.example.test viadname.example.test
a\\.b.example.test a.b.example.test \\255\\000.example.test mid.example.test a.*.mid.example.test a.x.mid.example.test
types.example.test many.example.test big.example.test
sub.example.test www.sub.example.test up.sub.example.test nope.sub.example.test
other.test mail.other.test back.other.test nope.other.test elsewhere.test com
`.trim().split(/\s+/);

const types = [
  'A', 'AAAA', 'NS', 'SOA', 'CNAME', 'DNAME', 'MX', 'TXT', 'SRV', 'DS', 'PTR', 'NAPTR', 'TLSA', 'SSHFP', 'CAA', 'SVCB', 'HTTPS', 'TYPE65400', 'HINFO',
];

interface Reply {
  readonly header: string;
  readonly answer: string;
  readonly authority: string;
  /** Addresses for names in the reply that are in the zones; which of them come along is each server's choice. */
  readonly additional: ReadonlySet<string>;
}

function replyOf(message: Message): Reply {
  const flags = [
    message.authoritative && 'AA', message.truncated && 'TC', message.recursionDesired && 'RD', message.recursionAvailable && 'RA',
    message.authenticData && 'AD', message.checkingDisabled && 'CD', message.edns !== null && 'OPT',
  ].filter(Boolean);
  return {
    header: `${message.rcode} ${flags.join(' ')}`,
    answer: print(message.answers),
    authority: print(message.authorities),
    additional: new Set(message.additionals.map((record) => printRecord(record).toLowerCase())),
  };
}

function print(records: readonly ResourceRecord[]): string {
  return records.map((record) => printRecord(record).toLowerCase()).sort().join('\n');
}

/** What of our reply neither NSD nor Knot says; null: nothing. */
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

it.each([
  ['over UDP without EDNS', 'udp', undefined],
  ['over UDP with EDNS', 'udp', {}],
  ['over TCP', 'tcp', {}],
] as const)('answers like NSD or Knot, %s', async (_, transport, edns) => {
  if (servers === null) return;
  const ports = [servers.ours.dnsPort, servers.nsd.port, servers.knot.port];
  const found: string[] = [];
  let id = 0;
  for (const qname of names) {
    // A connection for each name: ours ends after 128 queries.
    const askers = await Promise.all(ports.map((port) => Asker.open(port, transport)));
    await Promise.all(types.map(async (qtype) => {
      const query = encodeQuery(qname === '.' ? '.' : `${qname}.`, qtype, { id: ++id & 0xffff, recursionDesired: id % 2 === 0, ...(edns && { edns }) });
      const replies = await Promise.all(askers.map((asker) => asker.ask(query)));
      const [ours, nsd, knot] = replies.map((octets) => replyOf(decodeMessage(octets)));
      const problem = difference(ours!, nsd!, knot!);
      if (problem !== null && !departures.some((departure: Departure) => departure.applies(qname, qtype))) found.push(`${qname} ${qtype}: ${problem}`);
    }));
    for (const asker of askers) asker.close();
  }
  expect(found.join('\n\n')).toBe('');
}, 120_000);
