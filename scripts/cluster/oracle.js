/**
 * Asks every server over UDP all the time, and compares each answer with what the book says: an instance whose owner
 * was told that it is registered is in the answers of every server, and one that is gone in none. A server that
 * something keeps from etcd need not hear of anything new, but must not forget what it has answered.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { decode, encode } from 'dns-packet';

/** Milliseconds: between two queries to one server; until a reply counts as missing. */
const period = 25;
const patience = 3000;
/** Milliseconds: in which a server must hear of a change; by which the workers of a server may differ. */
const bound = 5000;
const slack = 1000;
const opt = { type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [] };

/**
 * @param {import('./book.js').Book} book
 * @param {readonly import('./servers.js').Server[]} servers
 * @param {string[]} wrong takes what must not have happened
 */
export async function startOracle(book, servers, wrong) {
  const found = {
    answers: 0,
    /** Milliseconds from a registration to its first answer by another server; the longest. */
    slowestSight: 0,
  };
  const stops = await Promise.all(servers.map((server) => watchServer(server, book, wrong, found)));
  return { found, stop: () => stops.forEach((stop) => stop()) };
}

async function watchServer(server, book, wrong, found) {
  const judge = judgeOf(server, book, wrong, found);
  const waiting = new Map();
  const socket = createSocket('udp4');
  socket.connect(server.dnsPort, '127.0.0.1');
  await once(socket, 'connect');
  // What is sent while the server is down comes back as an error.
  socket.on('error', () => undefined);
  socket.on('message', (octets) => {
    const packet = decode(octets);
    const question = waiting.get(packet.id);
    waiting.delete(packet.id);
    if (question !== undefined) judge(question, packet);
  });
  let id = 0;
  const timer = setInterval(() => {
    id = (id + 1) & 0xffff;
    const { name, type, ...question } = drawQuestion(book);
    waiting.set(id, { ...question, name, type, sentAt: performance.now() });
    socket.send(encode({ type: 'query', id, questions: [{ name, type }], additionals: [opt] }), () => undefined);
    for (const [old, late] of waiting) {
      if (performance.now() - late.sentAt < patience) break;
      waiting.delete(old);
      if (!server.isUp || late.sentAt < server.backSince) continue;
      wrong.push(`server ${server.index} did not answer ${late.name} ${late.type}`);
    }
  }, period);
  return () => {
    clearInterval(timer);
    socket.close();
  };
}

/** A question about a service, or one instance of it that is live. */
function drawQuestion(book) {
  const service = oneOf(book.services);
  const kind = oneOf(['SRV', 'service', 'instance']);
  if (kind === 'SRV') return { service, name: `_${service}._tcp.svc.internal`, type: 'SRV', only: null };
  const only = kind === 'instance' ? oneOf(book.live(service)) : null;
  if (!only) return { service, name: `${service}.svc.internal`, type: 'A', only: null };
  return { service, name: `${only.id}.${service}.svc.internal`, type: 'A', only };
}

/** Judges the answers of one server, and remembers what it has answered. */
function judgeOf(server, book, wrong, found) {
  /** When it first answered with a live instance. */
  const known = new Map();
  return ({ service, name, type, only, sentAt }, { rcode, flag_tc: isTruncated, answers }) => {
    found.answers++;
    const complain = (what) => wrong.push(`server ${server.index} answered ${name} ${type} ${what}`);
    /** Since `since` all servers must have heard of it, and this one was there to hear. */
    const isDue = (since) => !server.isAside && sentAt > Math.max(since, server.backSince) + bound;
    if (isTruncated) complain('truncated');
    if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') complain(rcode);
    const answered = new Set(answers.map(({ data }) => (type === 'SRV' ? idOf(data.target) : data)));

    for (const instance of only ? [only] : book.live(service)) {
      if (instance.state !== 'live' || sentAt < instance.since) continue;
      if (answered.has(type === 'SRV' ? instance.id : instance.address)) note(instance);
      else if (isDue(instance.since) || sentAt > known.get(instance) + slack) complain(`without ${instance.id}`);
    }
    for (const label of answered) {
      const instance = book.find(service, label);
      if (instance === undefined) complain(`with ${label}, which nobody registered`);
      else if (instance.state === 'gone' && isDue(instance.since)) complain(`with ${label}, which is gone`);
    }
  };

  function note(instance) {
    if (known.has(instance)) return;
    const now = performance.now();
    known.set(instance, now);
    if (server.isAside || instance.since < server.backSince) return;
    found.slowestSight = Math.max(found.slowestSight, now - instance.since);
  }
}

function idOf(target) {
  return target.split('.')[0];
}

function oneOf(all) {
  return all[Math.floor(Math.random() * all.length)];
}
