import { describe, expect, it } from 'vitest';
import { runCommand } from './support.ts';

const reply = { service: 'web', id: 'web-1', generation: 1, safeToStopAt: '2026-01-01T00:00:05.000Z' };

describe('signpost drain', () => {
  it('says when the instance may be stopped', async () => {
    const calls: string[] = [];
    const result = await runCommand(['drain', 'web', 'web-1'], { server: ({ method, path }) => (calls.push(`${method} ${path}`), reply) });
    expect(result).toEqual({ code: 0, stdout: 'web web-1 draining, safe to stop at 2026-01-01T00:00:05.000Z\n', stderr: '' });
    expect(calls).toEqual(['POST /v1/services/web/instances/web-1/drain']);
  });

  it('waits by the clock of the server with --wait', async () => {
    const server = () => Response.json(reply, { headers: { date: 'Thu, 01 Jan 2026 00:00:02 GMT' } });
    const pauses: number[] = [];
    const pause = (milliseconds: number) => Promise.resolve(pauses.push(milliseconds));
    const { stdout } = await runCommand(['drain', 'web', 'web-1', '--wait'], { server, pause });
    expect(pauses).toEqual([3000]);
    expect(stdout).toMatch(/ draining, .*\nweb web-1 safe to stop\n$/);
  });
});

describe('signpost deregister', () => {
  it('removes the instance', async () => {
    const calls: string[] = [];
    const server = ({ method, path }: { method: string; path: string }) => (calls.push(`${method} ${path}`), reply);
    const result = await runCommand(['deregister', 'web', 'web-1', '--generation', '3'], { server });
    expect(result).toEqual({ code: 0, stdout: 'web web-1 deregistered\n', stderr: '' });
    expect(calls).toEqual(['DELETE /v1/services/web/instances/web-1?generation=3']);
  });
});
