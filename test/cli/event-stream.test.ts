import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readEvents, type ServerEvent } from '../../src/cli/event-stream.ts';

async function eventsOf(...chunks: (string | Uint8Array)[]): Promise<ServerEvent[]> {
  const body = chunks.map((chunk) => (typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk));
  const events: ServerEvent[] = [];
  for await (const event of readEvents(Readable.from(body))) events.push(event);
  return events;
}

it.each<[name: string, text: string, events: ServerEvent[]]>([
  ['an event', 'id: 7\nevent: a\ndata: x\n\n', [{ type: 'a', data: 'x', id: '7' }]],
  ['data of several lines', 'data: x\ndata:y\ndata\n\n', [{ type: 'message', data: 'x\ny\n', id: '' }]],
  ['CRLF and CR', 'data: x\r\n\r\ndata: y\r\rdata: z\n\n', ['x', 'y', 'z'].map((data) => ({ type: 'message', data, id: '' }))],
  ['comments and unknown fields as nothing', ': hello\nretry: 5\ndata: x\n\n', [{ type: 'message', data: 'x', id: '' }]],
  ['an id without data', 'id: 7\n\n', [{ type: 'message', data: '', id: '7' }]],
  ['an id that lasts', 'id: 7\ndata: x\n\ndata: y\n\n', [{ type: 'message', data: 'x', id: '7' }, { type: 'message', data: 'y', id: '7' }]],
  ['no event that is not finished', 'data: x\n', []],
])('reads %s', async (_, text, events) => {
  expect(await eventsOf(text)).toEqual(events);
});

it('reads the same however the octets arrive', async () => {
  const octets = new TextEncoder().encode('id: 7\r\ndata: é\r\n\r\nevent: b\ndata: 2\n\n');
  const whole = await eventsOf(octets);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(octets.length)), async (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), octets.length];
      expect(await eventsOf(...places.slice(1).map((end, index) => octets.slice(places[index], end)))).toEqual(whole);
    }),
  );
});

it('refuses a line without end', async () => {
  await expect(eventsOf('data: ', 'x'.repeat(2 * 1024 * 1024))).rejects.toThrow('the stream has a line of more than 1048576 characters');
});
