import { describe, expect, it } from 'vitest';
import { type Call, problem, runCommand } from './support.ts';

const instance = { id: 'web-1', status: 'passing', addresses: ['10.0.0.7'], tags: ['v2'] };
const registered = { kind: 'instance.registered', time: '2026-01-01T00:00:00.000Z', service: 'web', instance };

function stream(text: string): Response {
  return new Response(text, { headers: { 'content-type': 'text/event-stream' } });
}

/** Watches a server that gives these streams one after the other and then refuses; returns its calls besides. */
async function watch(args: string[], ...streams: Response[]) {
  const calls: Call[] = [];
  const server = (call: Call) => (calls.push(call), streams[calls.length - 1] ?? problem(410, 'gone', 'the end'));
  return { ...(await runCommand(['watch', ...args], { server })), calls };
}

describe('signpost watch', () => {
  it('prints a line an event', async () => {
    const { stdout } = await watch(['web'], stream(`event: instance.registered\nid: 7.0\ndata: ${JSON.stringify(registered)}\n\n`));
    expect(stdout).toBe('2026-01-01T00:00:00.000Z  instance.registered  web  web-1  passing  10.0.0.7  v2\n');
  });

  it('prints events as they came with --json', async () => {
    const text = `event: instance.registered\nid: 7.0\ndata: ${JSON.stringify(registered)}\n\nevent: reset\nid: 9\ndata: {}\n\n`;
    const { stdout } = await watch(['--json'], stream(text));
    expect(stdout.trim().split('\n').map((line) => JSON.parse(line))).toEqual([registered, { kind: 'reset' }]);
  });

  it('says so when changes were missed', async () => {
    const { stdout } = await watch([], stream('event: reset\nid: 9\ndata: {}\n\n'));
    expect(stdout).toContain('reset: some changes were missed');
  });

  it('goes on after the last event when the connection ends', async () => {
    const protection = { kind: 'protection.on', time: 't', service: null };
    const { calls, stdout, stderr } = await watch(['web'], stream('id: 7\n\n'), stream(`event: protection.on\nid: 8.1\ndata: ${JSON.stringify(protection)}\n\n`));
    expect(calls.map(({ path, headers }) => [path, headers.get('last-event-id')])).toEqual([
      ['/v1/events?service=web', null], ['/v1/events?service=web', '7'], ['/v1/events?service=web', '8.1'],
    ]);
    expect(stdout).toBe('t  protection.on  everything\n');
    expect(stderr).toContain('signpost watch: the connection is lost, trying again\n');
  });

  it('goes on when the connection breaks in the middle', async () => {
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('id: 7\n\nid: 8\ndata:'));
        controller.error(new TypeError('terminated'));
      },
    });
    const { calls, code, stderr } = await watch([], new Response(broken));
    expect(calls).toHaveLength(2);
    expect([code, stderr.split('\n').at(-2)]).toEqual([1, 'signpost watch: the end']);
  });

  it('ends at once when the server refuses', async () => {
    const { code, stderr } = await runCommand(['watch'], { server: () => problem(403, 'forbidden', 'no') });
    expect([code, stderr]).toEqual([1, 'signpost watch: no\n']);
  });
});
