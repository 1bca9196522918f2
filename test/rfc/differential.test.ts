/**
 * Questions of every kind asked of Signpost, NSD and Knot, which serve the same zones. Departures, with their reasons, are in
 * departures.md and departures.ts.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Comparison } from '../support/comparison.ts';
import { encodeQuery } from '../support/dns.ts';
import { toolsMissing } from '../support/tools.ts';
import { departures } from './departures.ts';

let comparison: Comparison | null = null;
beforeAll(async () => {
  if (toolsMissing('nsd', 'knotd')) return;
  comparison = await Comparison.start(fileURLToPath(new URL('zones/', import.meta.url)));
});
afterAll(() => comparison?.[Symbol.asyncDispose]());

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

it.each([
  ['over UDP without EDNS', 'udp', undefined],
  ['over UDP with EDNS', 'udp', {}],
  ['over TCP', 'tcp', {}],
] as const)('answers like NSD or Knot, %s', async (_, transport, edns) => {
  if (comparison === null) return;
  const found: string[] = [];
  for (const qname of names) {
    const queries = types.map((qtype, id) =>
      encodeQuery(qname === '.' ? '.' : `${qname}.`, qtype, { id, recursionDesired: id % 2 === 0, ...(edns && { edns }) }),
    );
    const differences = await comparison.compare(transport, queries);
    for (const [index, qtype] of types.entries()) {
      const known = departures.some((departure) => departure.applies(qname, qtype));
      if (differences[index] !== null && !known) found.push(`${qname} ${qtype}: ${differences[index]}`);
    }
  }
  expect(found.join('\n\n')).toBe('');
}, 120_000);
