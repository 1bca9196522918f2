/**
 * The load of a campaign: programs that stay registered through the agent, and owners that register, stay a moment and
 * deregister over plain HTTP. All know all servers and go to another one when one fails, and the book knows what each
 * of them was told.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { register } from '../../dist/agent/index.js';

/** Owners of passing instances, programs a service that stay, and the lease of these in milliseconds. */
const lanes = 6;
const residents = 4;
const leaseMs = 5000;
/** Milliseconds within which a server must answer: 2 s as promised, and what a busy machine adds. */
const mostReply = 3000;

/**
 * @param {import('./book.js').Book} book @param {readonly import('./servers.js').Server[]} servers
 */
export async function startLoad(book, servers) {
  const found = {
    registered: 0, deregistered: 0, renewed: 0, refused: 0, slowestRefusal: 0,
    /** What must not happen. */
    faults: /** @type {string[]} */ ([]),
  };
  let isOver = false;
  let isQuiet = false;

  const urls = servers.map(({ url }) => url);
  const agents = await Promise.all(book.services.flatMap((service) =>
    Array.from({ length: residents }, async (_, index) => {
      const instance = book.open(service, 'a');
      const server = [...urls.slice(index % 3), ...urls.slice(0, index % 3)];
      const { id, address } = instance;
      const agent = await register({ service, id, address, port: 80, leaseMs, server });
      agent.on('renewed', () => found.renewed++);
      for (const event of ['lost', 'conflict', 'denied']) {
        agent.on(event, (what) => found.faults.push(`the agent of ${service}/${id} was told ${event}: ${JSON.stringify(what)}`));
      }
      await agent.registered();
      book.registered(instance, agent.generation);
      return agent;
    }),
  ));

  /** Asks one server after the other until one takes it; null when the load ends before that. */
  async function ask(method, path, body, lane) {
    for (let attempt = lane; !isOver; attempt++) {
      const server = servers[attempt % servers.length];
      const started = performance.now();
      try {
        const response = await fetch(server.url + path, {
          method,
          signal: AbortSignal.timeout(10_000),
          ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
        });
        const reply = await response.json();
        if (response.ok || response.status === 404 || response.status === 410) return { ...reply, status: response.status };
        found.refused++;
        note(method, path, response, reply, performance.now() - started, server);
      } catch (error) {
        if (server.isUp && error.name === 'TimeoutError') found.faults.push(`${method} ${path} at server ${server.index}: no answer in 10 s`);
      }
      await pause(50);
    }
    return null;
  }

  /** A refusal must be quick, and say when to come again. */
  function note(method, path, { status, headers }, { code }, took, server) {
    found.slowestRefusal = Math.max(found.slowestRefusal, took);
    const where = `${method} ${path} at server ${server.index}`;
    if (status !== 503 && status !== 409) found.faults.push(`${where}: ${status} ${code}`);
    if (status === 503 && headers.get('retry-after') === null) found.faults.push(`${where}: 503 without Retry-After`);
    if (took > mostReply) found.faults.push(`${where}: refused only after ${Math.round(took)} ms`);
  }

  async function comeAndGo(lane) {
    while (!isOver) {
      if (isQuiet) {
        await pause(50);
        continue;
      }
      const service = book.services[Math.floor(Math.random() * book.services.length)];
      const instance = book.open(service, lane % 2 === 0 ? 'p' : 'l');
      const path = `/v1/services/${service}/instances/${instance.id}`;
      const stay = lane % 2 === 0 ? { permanent: true } : { lease: 60 };
      const put = await ask('PUT', path, { address: instance.address, port: 80, ...stay }, Math.floor(Math.random() * 3));
      if (put === null) return;
      found.registered++;
      book.registered(instance, put.generation);
      await pause(500 + Math.random() * 2000);
      // At the end of the load some stay, to be looked for.
      if (isOver) return;
      book.leaving(instance);
      if ((await ask('DELETE', path, null, Math.floor(Math.random() * 3))) === null) return;
      found.deregistered++;
      book.deregistered(instance);
    }
  }

  const work = Array.from({ length: lanes }, (_, lane) => comeAndGo(lane));
  return {
    found,
    /** While quiet nothing new is registered; what is under way goes on. */
    quiet: (is) => (isQuiet = is),
    async stop() {
      isOver = true;
      await Promise.all(work);
    },
    async stopAgents() {
      await Promise.all(agents.map((agent) => agent.deregister()));
    },
  };
}
