/** A client that asks a server over UDP until there is an answer: how long until what was registered is visible? */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { encodeQuestion } from './ask.js';

/**
 * @param {number} port of a server on loopback
 * @returns {Promise<{ untilAnswered: (question: string) => Promise<number>, close: () => void }>} `untilAnswered`
 *   resolves with the milliseconds that it took; each question (`NAME TYPE`) is asked anew a millisecond after a reply that is
 *   empty, so that asking leaves the processors to those who are asked
 */
export async function openAsker(port) {
  const socket = createSocket('udp4');
  const waiting = new Map();
  let nextId = 0;
  socket.on('message', (reply) => {
    const id = reply.readUInt16BE(0);
    const asked = waiting.get(id);
    if (asked === undefined) return;
    if (reply.readUInt16BE(6) === 0) {
      setTimeout(() => socket.send(asked.query), 1);
      return;
    }
    waiting.delete(id);
    asked.resolve(performance.now() - asked.begin);
  });
  socket.on('error', () => {}); // refused: the server is gone, and nobody waits any more
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return {
    untilAnswered: (question) =>
      new Promise((resolve) => {
        const id = nextId++ & 0xffff;
        const query = encodeQuestion(question);
        query.writeUInt16BE(id, 0);
        waiting.set(id, { query, begin: performance.now(), resolve });
        socket.send(query);
      }),
    close: () => socket.close(),
  };
}
