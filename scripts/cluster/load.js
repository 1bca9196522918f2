/**
 * The load of a campaign: programs that stay registered through the agent, and owners that register, stay a moment and
 * deregister over plain HTTP. All know all servers and go to another one when one fails, and the book knows what each
 * of them was told.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { register } from '../../dist/agent/index.js';

/** Owners that come and go; programs of each service that stay, and their lease in milliseconds. */
const owners = 6;
const residents = 4;
const leaseMs = 5000;
/** Milliseconds within which a server must refuse: 2 s as promised, and what a busy machine adds; or answer at all. */
const mostRefusal = 3000;
const patience = 10_000;

/**
 * @param {import('./book.js').Book} book
 * @param {readonly import('./servers.js').Server[]} servers
 * @param {string[]} wrong takes what must not have happened
 */
export async function startLoad(book, servers, wrong) {
  const found = {
    registered: 0, deregistered: 0, renewed: 0, refused: 0,
    /** Milliseconds. */
    slowestRefusal: 0,
  };
  const load = { book, servers, wrong, found, isOver: false };
  const agents = await Promise.all(
    book.services.flatMap((service) => Array.from({ length: residents }, (_, lane) => stay(load, service, lane))),
  );
  const work = Array.from({ length: owners }, (_, lane) => comeAndGo(load, lane % 2 === 0));
  return {
    found,
    /** Owners that are registered then stay so, to be looked for. */
    async stop() {
      load.isOver = true;
      await Promise.all(work);
    },
    async stopAgents() {
      await Promise.all(agents.map((agent) => agent.deregister()));
    },
  };
}

/** Registers a program that renews for as long as the campaign lasts, each beginning at another server. */
async function stay({ book, servers, wrong, found }, service, lane) {
  const instance = book.open(service, 'a');
  const { id, address } = instance;
  const urls = servers.map(({ url }) => url);
  const server = [...urls.slice(lane % urls.length), ...urls.slice(0, lane % urls.length)];
  const agent = await register({ service, id, address, port: 80, leaseMs, server });
  agent.on('renewed', () => found.renewed++);
  for (const event of ['lost', 'conflict', 'denied']) {
    agent.on(event, (what) => wrong.push(`the agent of ${service}/${id}: ${event}, ${JSON.stringify(what)}`));
  }
  await agent.registered();
  book.registered(instance, agent.generation);
  return agent;
}

/** Registers one instance after the other, each of which stays up to two and a half seconds. */
async function comeAndGo(load, permanent) {
  const { book, found } = load;
  while (!load.isOver) {
    const instance = book.open(book.services[Math.floor(Math.random() * book.services.length)], permanent ? 'p' : 'l');
    const body = { address: instance.address, port: 80, ...(permanent ? { permanent } : { lease: 60 }) };
    const registered = await insist(load, instance, 'PUT', body);
    if (registered === null) return;
    found.registered++;
    book.registered(instance, registered.generation);
    await pause(500 + Math.random() * 2000);
    if (load.isOver) return;
    book.leaving(instance);
    if ((await insist(load, instance, 'DELETE')) === null) return;
    found.deregistered++;
    book.deregistered(instance);
  }
}

/** Asks one server after the other until one takes it; null when the load ends before that. */
async function insist(load, instance, method, body) {
  const { servers, wrong, found } = load;
  const first = Math.floor(Math.random() * servers.length);
  for (let attempt = 0; !load.isOver; attempt++) {
    const server = servers[(first + attempt) % servers.length];
    const complain = (what) => wrong.push(`${method} ${instance.id} at server ${server.index}: ${what}`);
    try {
      const { status, headers, reply, took } = await ask(server, instance, method, body);
      if (status < 300) return reply;
      // An attempt that nobody answered may have got through.
      if (attempt > 0 && (status === 404 || status === 410)) return reply;
      found.refused++;
      found.slowestRefusal = Math.max(found.slowestRefusal, took);
      if (status !== 503) complain(`${status} ${reply.code}`);
      else if (headers.get('retry-after') === null) complain('503 without Retry-After');
      if (took > mostRefusal) complain(`refused only after ${Math.round(took)} ms`);
    } catch (error) {
      // It was killed just now, or is down; one that is up must answer.
      if (server.isUp && error.name === 'TimeoutError') complain(`no answer within ${patience} ms`);
    }
    await pause(50);
  }
  return null;
}

async function ask({ url }, { service, id }, method, body) {
  const started = performance.now();
  const response = await fetch(`${url}/v1/services/${service}/instances/${id}`, {
    method,
    signal: AbortSignal.timeout(patience),
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const { status, headers } = response;
  return { status, headers, reply: await response.json(), took: performance.now() - started };
}
