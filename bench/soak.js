/**
 * A soak of the whole server: zones that change all the time, garbage collected all the time (what the kernel writes into
 * must stay where it is), and every reply compared with what the registry was told. Prints a line every ten seconds and
 * ends with 1 when a reply was wrong, or the server has died.
 *
 * usage: node bench/soak.js [--minutes 30] [--queries 20000] [--changes 200]     the latter two a second
 */
import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { residentOctets, startServer } from './process.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    queries: { type: 'string', default: '20000' },
    changes: { type: 'string', default: '200' },
  },
});
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const services = 200;
const mostInstances = 8;

/**
 * A service as the oracle knows it: each set of addresses that it has had, the newest last. `acknowledged` is the index of
 * the set that the server has confirmed; one after it may or may not be answered already.
 */
const oracle = Array.from({ length: services }, () => ({ sets: [''], acknowledged: 0, instances: new Map(), isChanging: false }));
const counts = { queries: 0, changes: 0, wrong: 0, late: 0 };

const directory = mkdtempSync(join(tmpdir(), 'signpost-soak-'));
const server = await startServer({
  command: process.execPath,
  args: [
    '--expose-gc', '--import', here('force-gc.js'), here('../dist/cli/main.js'), 'serve', '--zone', 'svc.internal',
    '--dns', '127.0.0.1:0', '--http', '127.0.0.1:0', '--data', join(directory, 'data'), '--zones', join(directory, 'zones'),
  ],
  ready: /"msg":"ready"/,
  pinned: false,
});
const { dns, http } = JSON.parse(server.readyLine);
const dnsPort = Number(dns[0].split(':').at(-1));

const end = performance.now() + Number(values.minutes) * 60_000;
const isOver = () => performance.now() >= end;
const report = setInterval(() => {
  const resident = Math.round(residentOctets(server.pid) / 2 ** 20);
  console.log(`${Math.round((end - performance.now()) / 1000)} s left: ${JSON.stringify(counts)}, ${resident} MiB resident`);
}, 10_000);
await Promise.all([keepChanging(), keepAskingUdp(), keepAskingTcp()]);
clearInterval(report);
console.log(`end: ${JSON.stringify(counts)}`);
await server.stop();
rmSync(directory, { recursive: true });
process.exit(counts.wrong > 0 ? 1 : 0);

/** Registers and deregisters instances, one change of a service at a time. */
async function keepChanging() {
  const underWay = new Set();
  await paced(Number(values.changes), () => {
    const changing = change().finally(() => underWay.delete(changing));
    underWay.add(changing);
  });
  await Promise.all(underWay);
}

function anyService() {
  return Math.floor(Math.random() * services);
}

async function change() {
  const number = anyService();
  const service = oracle[number];
  if (service.isChanging) return;
  service.isChanging = true;
  const id = `i${Math.floor(Math.random() * mostInstances)}`;
  const url = `http://${http[0]}/v1/services/svc${number}/instances/${id}`;
  const address = `10.${Math.floor(Math.random() * 256)}.${Math.floor(Math.random() * 256)}.${1 + Math.floor(Math.random() * 254)}`;
  const isLeaving = service.instances.has(id) && Math.random() < 0.5;
  if (isLeaving) service.instances.delete(id);
  else service.instances.set(id, address);
  service.sets.push([...new Set(service.instances.values())].sort().join(' '));
  const reply = await fetch(url, {
    method: isLeaving ? 'DELETE' : 'PUT',
    headers: isLeaving ? {} : { 'content-type': 'application/json' },
    ...(isLeaving ? {} : { body: JSON.stringify({ address, port: 8080, permanent: true }) }),
  });
  if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`);
  await reply.arrayBuffer();
  service.acknowledged = service.sets.length - 1;
  service.isChanging = false;
  counts.changes += 1;
}

async function keepAskingUdp() {
  const waiting = new Map();
  const socket = createSocket('udp4');
  socket.on('message', (reply) => {
    const question = waiting.get(reply.readUInt16BE(0));
    waiting.delete(reply.readUInt16BE(0));
    if (question) judge(question, reply);
  });
  let id = 0;
  await paced(Number(values.queries), () => {
    id = (id + 1) & 0xffff;
    if (waiting.has(id)) counts.late += 1;
    const question = ask();
    waiting.set(id, question);
    question.octets.writeUInt16BE(id, 0);
    socket.send(question.octets, dnsPort, '127.0.0.1');
  });
  socket.close();
}

async function keepAskingTcp() {
  while (!isOver()) {
    const socket = connect(dnsPort, '127.0.0.1');
    const question = ask();
    socket.write(Buffer.concat([Buffer.of(0, question.octets.length), question.octets]));
    const [reply] = await once(socket, 'data');
    judge(question, reply.subarray(2));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A question about a service, and the index of the oldest set that may be answered. */
function ask() {
  const number = anyService();
  const labels = [`svc${number}`, 'svc', 'internal'].map((label) => Buffer.from(String.fromCharCode(label.length) + label));
  const header = Buffer.of(0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0);
  const octets = Buffer.concat([header, ...labels, Buffer.of(0, 0, 1, 0, 1)]);
  return { number, octets, oldest: oracle[number].acknowledged };
}

/** Right is what the service had at any moment between question and reply. */
function judge({ number, octets, oldest }, reply) {
  counts.queries += 1;
  const isEcho = reply.compare(octets, 12, octets.length, 12, octets.length) === 0;
  const found = addressesIn(reply, octets.length).sort().join(' ');
  if (isEcho && oracle[number].sets.slice(oldest).includes(found)) return;
  counts.wrong += 1;
  console.log(`wrong: svc${number}: found '${found}', wanted one of ${JSON.stringify(oracle[number].sets.slice(oldest))}\n${reply.toString('hex')}`);
}

/** Addresses of the answer section: the owner is a pointer to the question, so each record is 16 octets. */
function addressesIn(reply, questionEnd) {
  return Array.from({ length: reply.readUInt16BE(6) }, (_, index) => {
    const record = questionEnd + 16 * index;
    return reply.subarray(record + 12, record + 16).join('.');
  });
}

/** Calls `act` so many times a second until the soak is over. */
async function paced(perSecond, act) {
  const begin = performance.now();
  for (let done = 0; !isOver(); ) {
    for (const due = ((performance.now() - begin) / 1000) * perSecond; done < due; done++) act();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
