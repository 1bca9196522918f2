/** One question over UDP, for checks between the measurements: are all contestants giving the same answers? */
import { createSocket } from 'node:dgram';

const types = { A: 1, NS: 2, SOA: 6, TXT: 16, AAAA: 28, SRV: 33 };

/** The query for `NAME TYPE`, with id 0x1234. */
export function encodeQuestion(question) {
  const [name, type] = question.split(' ');
  const labels = name.split('.').filter((label) => label !== '');
  const owner = labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`));
  return Buffer.concat([Buffer.of(0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0), ...owner, Buffer.of(0, 0, types[type], 0, 1)]);
}

/**
 * Asks `NAME TYPE` of a loopback port.
 * @param {number} port
 * @param {string} question a line of the load generator's file
 * @param {number} timeout milliseconds
 * @returns {Promise<{ rcode: number, answers: number, octets: number } | undefined>} undefined: no reply in time
 */
export function ask(port, question, timeout) {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = (result) => {
      clearTimeout(timer);
      socket.close();
      resolve(result);
    };
    const timer = setTimeout(finish, timeout);
    socket.on('error', () => {}); // refused while the server starts; the timer ends the wait
    socket.on('message', (reply) => finish({ rcode: reply[3] & 15, answers: reply.readUInt16BE(6), octets: reply.length }));
    socket.send(encodeQuestion(question), port, '127.0.0.1');
  });
}
