// Asks a responder the cases of the FerretDataset (SCALE, NSDI 2022) in process and compares with the recorded answers.
//   npm run build && xz -dc CASES.jsonl.xz > cases.jsonl && node scripts/ferret.js cases.jsonl
// A line is a case: {i: number, t: class, z: zone file, q: [qname, qtype], e: [group, ...]}, a group [servers, rcode,
// flags, answer, authority, additional]. Right is what any of the recorded servers answered: rcode, AA, answer, and
// authority where the answer is empty; and in the additional section nothing but addresses of the zone. Exit code 1:
// some case was answered otherwise.
import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { Counters } from '../dist/responder/counters.js';
import { createResponder } from '../dist/responder/responder.js';
import { systemClock } from '../dist/runtime/clock.js';
import { parseType, printRcode, RRClass } from '../dist/wire/codes.js';
import { decodeMessage, encodeMessage } from '../dist/wire/message.js';
import { foldName, parseName, rootName } from '../dist/wire/name.js';
import { printRecord } from '../dist/wire/record.js';
import { parseZone } from '../dist/zonefile/parse.js';

const settings = {
  udpPayload: 1232,
  allowQuery: ['0.0.0.0/0', '::/0'],
  trusted: [],
  rateLimit: null,
  cache: { answers: 64, octets: 1_000_000 },
  cookieSecrets: ['00'.repeat(16)],
  nsid: null,
  version: null,
  serverId: null,
  tcpIdle: 10,
  seed: 1,
};
const parts = {
  clock: systemClock,
  log: pino({ level: 'silent' }),
  counters: new Counters(new ArrayBuffer(Counters.byteLength)),
};
const reply = Buffer.alloc(65_535);

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node scripts/ferret.js CASES.jsonl');
  process.exit(64);
}
const cases = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
const wrong = cases.filter((each) => !isRight(each));
for (const { i, t, z, q, e } of wrong) {
  console.log(`case ${i} (${t}): ${q.join(' ')}\n${z}\nanswered: ${JSON.stringify(answerTo(z, q))}`);
  for (const expected of e) console.log(`recorded: ${JSON.stringify(expected)}`);
}
console.log(`${cases.length - wrong.length} of ${cases.length} cases as one of the recorded servers`);
process.exitCode = wrong.length === 0 ? 0 : 1;

function isRight({ z, q, e }) {
  const answered = answerTo(z, q);
  const zone = new Set(sorted(z.split('\n')));
  if (answered.additional.some((line) => !zone.has(line))) return false;
  return e.some(([, rcode, flags, answer, authority]) => {
    const same =
      rcode === answered.rcode &&
      flags.includes('AA') === answered.authoritative &&
      equal(sorted(answer), answered.answer);
    return same && (answer.length > 0 || equal(sorted(authority), answered.authority));
  });
}

function answerTo(text, [qname, qtype]) {
  const records = parse(text);
  const soa = records.find(({ type }) => type === parseType('SOA'));
  const added = records.map(({ owner, type, ttl, rdata }) => ({ owner, type, ttl, rdata: [rdata] }));
  const serial = Buffer.from(soa.rdata, 'latin1').readUInt32BE(soa.rdata.length - 20);
  const responder = createResponder(settings, parts);
  responder.apply({ zone: foldName(soa.owner), serial, kind: 'load', removed: [], added, marks: [] });
  const request = encodeMessage({ questions: [{ name: parseName(qname), type: parseType(qtype), class: RRClass.IN }] });
  const exchange = { request, start: 0, end: request.length, reply, replyStart: 0, replyRoom: reply.length };
  const peer = { peer: new Uint8Array(16), peerStart: 0, peerPort: 4096, receivedAt: 0 };
  const message = decodeMessage(reply, 0, responder.respond({ ...exchange, ...peer, transport: 'tcp' }));
  return {
    rcode: printRcode(message.rcode),
    authoritative: message.authoritative,
    answer: message.answers.map(printRecord).sort(),
    authority: message.authorities.map(printRecord).sort(),
    additional: message.additionals.map(printRecord).sort(),
  };
}

/** The records as our own printer writes them. */
function sorted(lines) {
  return parse(lines.join('\n')).map(printRecord).sort();
}

function parse(text) {
  return parseZone(text, { file: 'case', apex: rootName });
}

function equal(a, b) {
  return a.length === b.length && a.every((line, index) => line === b[index]);
}
