/**
 * Zones within zones, and what leads from one to another: each name of these zones and names around it, asked of Signpost,
 * NSD and Knot.
 */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseName, printName } from '../../src/wire/name.ts';
import { parseZone } from '../../src/zonefile/parse.ts';
import { Comparison } from '../support/comparison.ts';
import { encodeQuery } from '../support/dns.ts';
import { toolsMissing } from '../support/tools.ts';
import { departures } from './departures.ts';

const directory = fileURLToPath(new URL('nested/', import.meta.url));

let comparison: Comparison | null = null;
beforeAll(async () => {
  if (toolsMissing('nsd', 'knotd')) return;
  comparison = await Comparison.start(directory);
});
afterAll(() => comparison?.[Symbol.asyncDispose]());

/** Names that no record owns. */
const others = `
. test. invalid. outofall.invalid. x.y.old.deep.test. host.old2.deep.test. host.old.deep.test. a.back.inner.deep.test.
x.old.back.inner.deep.test. q.back.old.deep.test. host.old3.deep.test. nope.old3.deep.test. b.chain.test. x.b.chain.test. host.b.chain.test.
ns1.d.chain.test. ns.old4.deep.test. x.old4.deep.test. any.old5.deep.test. a.old6.deep.test. x.old6.deep.test. x.pivot.deep.test.
a.b.star.deep.test. x.*.star.deep.test. b.star2.deep.test. b.star3.deep.test. b.star4.deep.test. b.star5.deep.test. b.self.deep.test.
x.entwild.deep.test. below.x.entwild.deep.test. x.real.entwild.deep.test. q.mx.deep.test. x.twice.deep.test. y.x.twice.deep.test.
*.twice.deep.test. z.y.x.twice.deep.test. x.inner2.deep.test. x.cut.inner2.deep.test. x.block.deep.test. b.block.deep.test.
x.b.block.deep.test. x.a.b.block.deep.test. www.far.lost.deep.test. nope.far.lost.deep.test. x.cut.lost.deep.test. x.wild.inner.deep.test.
z.inner.deep.test. x.wildcut.inner.deep.test. x.c.wildcut.inner.deep.test. x.third.inner.deep.test. e.w.third.inner.deep.test.
a.e.w.third.inner.deep.test. w.third.inner.deep.test. x.w.chain.test. y.x.w.chain.test. z.chain.test. z.e.chain.test. x.hidden.old.deep.test.
aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.l.deep.test. ddddddddddddddddddddddddddddddddddddddddddddd.l.deep.test.
x.odd.deep.test. x._tcp.deep.test. _tcp.deep.test. X.INNER.Deep.TEST. TODEEPEST.deep.test.
`.trim().split(/\s+/);

const types = ['A', 'AAAA', 'NS', 'SOA', 'CNAME', 'DNAME', 'MX', 'TXT', 'SRV', 'DS', 'HTTPS', 'TLSA', 'KX', 'AFSDB', 'TYPE65280', 'DNSKEY', 'NSEC', 'RRSIG'];

async function ownerNames(): Promise<string[]> {
  const owners = (await readdir(directory)).map(async (file) => {
    const apex = parseName(file.replace(/zone$/, ''));
    return parseZone(await readFile(directory + file, 'latin1'), { file, apex }).map(({ owner }) => printName(owner));
  });
  return [...new Set((await Promise.all(owners)).flat())];
}

it.each([
  ['over UDP without EDNS', 'udp', undefined],
  ['over UDP with 4096 octets', 'udp', { payloadSize: 4096 }],
  ['over TCP', 'tcp', {}],
] as const)('answers like NSD or Knot, %s', async (_, transport, edns) => {
  if (comparison === null) return;
  const found: string[] = [];
  for (const qname of [...(await ownerNames()), ...others]) {
    const queries = types.map((qtype, id) => encodeQuery(qname, qtype, { id, ...(edns && { edns }) }));
    const differences = await comparison.compare(transport, queries);
    for (const [index, qtype] of types.entries()) {
      const known = departures.some((departure) => departure.applies(qname, qtype));
      if (differences[index] !== null && !known) found.push(`${qname} ${qtype}: ${differences[index]}`);
    }
  }
  expect(found.join('\n\n')).toBe('');
}, 120_000);
