import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { type Conversation, converse } from '../../src/client/conversation.ts';

/** A socket that throws when it is closed twice, as those of node:dgram do. */
function open(): { socket: EventEmitter & { unref(): void }; close: () => void } {
  const socket = Object.assign(new EventEmitter(), { unref: () => undefined });
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) throw new Error('not running');
    isOpen = false;
  };
  return { socket, close };
}

test('a conversation that is over does not end again', async () => {
  const { socket, close } = open();
  const caller = new AbortController();
  let conversation!: Conversation;
  const reply = converse(socket, close, caller.signal, (begun) => {
    conversation = begun;
  });
  caller.abort();
  await expect(reply).rejects.toThrow('aborted');
  conversation.failed(new Error('the send failed'));
  conversation.replied(Buffer.of(1));
  await expect(reply).rejects.toThrow('aborted');
});

test('an error of a socket after its conversation is nobody\'s', async () => {
  const { socket, close } = open();
  const reply = converse(socket, close, new AbortController().signal, ({ replied }) => replied(Buffer.of(1)));
  expect(await reply).toEqual(Buffer.of(1));
  socket.emit('error', new Error('late'));
});
