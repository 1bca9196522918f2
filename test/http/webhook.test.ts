/** The webhook: faults reach it in order and once, also after it was out of reach. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWebhook, type Webhook } from '../../src/http/webhook.ts';
import type { Caller } from '../../src/registry/registration.ts';
import { settled } from '../support/clock.ts';
import { type Harness, startHarness } from './harness.ts';

let harness: Harness;
let webhook: Webhook;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(async () => {
  webhook.close();
  await harness[Symbol.asyncDispose]();
});

const silent = pino({ level: 'silent' });
const caller: Caller = { address: null, tokenId: null, mayTakeOver: true };
const ref = (id: string) => ({ zone: 'svc.internal', service: 'web', id });

/** Registers an instance and makes it critical: two faults, `instance.unhealthy` and `service.empty`. */
async function fail(id: string): Promise<void> {
  await harness.registry.register({ ...ref(id), address: '10.0.0.7', port: 80, permanent: true }, caller);
  await harness.registry.patch(ref(id), { status: 'critical' }, caller);
}

/** Opens the webhook with `answers` as what becomes of its posts, in order; the last one for all further. */
function open(...answers: (number | Error)[]) {
  const posts: { kind: string; id: string }[] = [];
  webhook = openWebhook('http://hook.invalid/', harness.registry.events, harness.clock, silent, (_url, body) => {
    posts.push(JSON.parse(body) as { kind: string; id: string });
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  });
  return posts;
}

describe('the webhook', () => {
  it('is told of faults, and of nothing else', async () => {
    const posts = open(200);
    await fail('a');
    await settled();
    expect(posts).toMatchObject([
      { kind: 'instance.unhealthy', zone: 'svc.internal', service: 'web', instance: { id: 'a', status: 'critical' } },
      { kind: 'service.empty', zone: 'svc.internal', service: 'web' },
    ]);
  });

  it.each([[500], [404], [301], [new Error('connection refused')]])(
    'is tried again after %s, later each time, before the next event',
    async (answer) => {
      const posts = open(answer, answer, 200);
      await fail('a');
      await settled();
      expect(posts).toHaveLength(1);
      await harness.clock.pass(1000);
      expect(posts).toHaveLength(2);
      await harness.clock.pass(1999);
      expect(posts).toHaveLength(2);
      await harness.clock.pass(1);
      expect(posts.map(({ kind }) => kind)).toEqual([
        'instance.unhealthy',
        'instance.unhealthy',
        'instance.unhealthy',
        'service.empty',
      ]);
      expect(webhook.lost).toBe(0);
    },
  );

  it('loses an event after eight attempts, and goes on with the next', async () => {
    const posts = open(...Array<number>(8).fill(500), 200);
    await fail('a');
    await harness.clock.pass(127_000);
    expect(posts.map(({ kind }) => kind)).toEqual([...Array<string>(8).fill('instance.unhealthy'), 'service.empty']);
    expect(webhook.lost).toBe(1);
  });

  it('keeps the last thousand while it is out of reach', async () => {
    const posts = open(500);
    for (let n = 0; n < 600; n++) await fail(`i${n}`);
    await settled();
    // One `instance.unhealthy` each, and `service.empty` each, since all others are critical already.
    expect(webhook.lost).toBe(200);
    expect(posts.length).toBe(1);
  });

  it('is not told any more once it is closed', async () => {
    const posts = open(500);
    await fail('a');
    await settled();
    webhook.close();
    await fail('b');
    await harness.clock.pass(10_000);
    expect(posts).toHaveLength(1);
  });

  it('gets JSON by POST, and its redirects are not followed', async () => {
    const bodies: string[] = [];
    const hook = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        const { kind } = JSON.parse(text) as { kind: string };
        bodies.push(`${request.method!} ${request.url!} ${request.headers['content-type']!} ${kind}`);
        response.writeHead(bodies.length === 1 ? 302 : 200, { location: '/elsewhere' }).end();
      });
    });
    hook.listen(0, '127.0.0.1');
    await once(hook, 'listening');
    webhook = openWebhook(
      `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`,
      harness.registry.events,
      harness.clock,
      silent,
    );
    await fail('a');
    await expect.poll(() => bodies.length).toBe(1);
    await expect
      .poll(async () => {
        await harness.clock.pass(1000);
        return bodies;
      })
      .toEqual([
        'POST /hook application/json instance.unhealthy',
        'POST /hook application/json instance.unhealthy',
        'POST /hook application/json service.empty',
      ]);
    hook.close();
    hook.closeAllConnections();
  });
});
