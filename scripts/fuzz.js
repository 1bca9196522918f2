/**
 * node scripts/fuzz.js [--seconds N] [--seed N]
 * Sends mutated packets over UDP for a long time: every reply must be readable by dns-packet and dns2, no response may be
 * answered, and after each batch a good query must be. Needs a build (npm run build). Last results: docs/campaigns.md.
 */
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { decode, encode } from 'dns-packet';
import dns2 from 'dns2';
import { serve } from '../bench/signpost.js';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' }, seed: { type: 'string' } } });
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const batchSize = 1000;

let state = seed >>> 0;
/** A whole number from 0 up to, not including, `below` (xorshift). */
function random(below) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

const question = (name, type) => encode({ type: 'query', id: 1, flags: 256, questions: [{ name, type }] });
const withOpt = (name, type) =>
  encode({
    type: 'query',
    id: 1,
    questions: [{ name, type }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [{ code: 'COOKIE', data: Buffer.alloc(8, 7) }] }],
  });
const originals = [
  withOpt('_control._tcp.svc.internal', 'SRV'), question('one.control.svc.internal', 'A'), withOpt('no.such.name.svc.internal', 'AAAA'),
  question('svc.internal', 'SOA'), question('svc.internal', 'ANY'), withOpt('example.com', 'TXT'),
];

function mutate() {
  const packet = Buffer.from(originals[random(originals.length)]);
  for (let edits = 1 + random(8); edits > 0; edits--) packet[random(packet.length)] = random(256);
  const kind = random(6);
  if (kind === 0) return packet.subarray(0, random(packet.length + 1));
  if (kind === 1) return Buffer.concat([packet, Buffer.from(Array.from({ length: random(60) }, () => random(256)))]);
  return packet;
}

const directory = mkdtempSync(join(tmpdir(), 'signpost-fuzz-'));
const server = await serve(join(directory, 'data'));
const socket = createSocket('udp4');
const sent = new Map();
let packets = 0;
let replies = 0;
let faults = 0;
let onControl = () => undefined;
socket.on('message', (reply) => {
  const id = reply.readUInt16BE(0);
  if (id === 0xffff) return onControl(reply);
  const query = sent.get(id);
  if (query === undefined) return undefined;
  replies++;
  try {
    if ((query[2] & 0x80) !== 0) throw new Error('a response was answered');
    decode(reply);
    const { errors } = dns2.Packet.parse(reply);
    if (errors?.length > 0) throw new Error(`dns2: ${errors[0]}`);
  } catch (error) {
    faults++;
    console.log(`fault: ${error.message}\n  query ${query.toString('hex')}\n  reply ${reply.toString('hex')}`);
  }
  return undefined;
});

async function control() {
  const query = question('svc.internal', 'SOA');
  query.writeUInt16BE(0xffff, 0);
  for (let tries = 0; tries < 5; tries++) {
    const answered = new Promise((resolve) => (onControl = resolve));
    socket.send(query, server.port, '127.0.0.1');
    const reply = await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 1000, null))]);
    if (reply !== null) return;
  }
  throw new Error(`no answer to a good query after ${packets} packets, seed ${seed}`);
}

try {
  const end = performance.now() + Number(values.seconds) * 1000;
  while (performance.now() < end) {
    sent.clear();
    for (let id = 0; id < batchSize; id++) {
      const packet = mutate();
      if (packet.length >= 2) packet.writeUInt16BE(id, 0);
      if (packet.length >= 12) sent.set(id, packet);
      socket.send(packet, server.port, '127.0.0.1');
      if (id % 50 === 49) await turn();
    }
    packets += batchSize;
    await control();
  }
  console.log(`seed ${seed}: ${packets} packets, ${replies} replies, ${faults} faults`);
  process.exitCode = faults === 0 ? 0 : 1;
} finally {
  socket.close();
  await server.stop();
  rmSync(directory, { recursive: true });
}
