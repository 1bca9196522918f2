/** Asks one server many questions over one socket; replies are matched by their ids. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';
import { frame, type Transport } from './query.ts';

export class Asker {
  readonly #send: (query: Buffer) => void;
  readonly #waiting = new Map<number, (reply: Buffer) => void>();
  readonly close: () => void;

  static async open(port: number, transport: Transport): Promise<Asker> {
    if (transport === 'udp') {
      const socket = createSocket('udp4');
      socket.connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return new Asker(socket);
    }
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Asker(socket);
  }

  private constructor(socket: UdpSocket | TcpSocket) {
    if ('destroy' in socket) {
      let received = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        while (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) {
          const end = 2 + received.readUInt16BE();
          this.#take(received.subarray(2, end));
          received = received.subarray(end);
        }
      });
      this.#send = (query) => void socket.write(frame(query));
      this.close = () => void socket.destroy();
    } else {
      socket.on('message', (reply: Buffer) => this.#take(reply));
      this.#send = (query) => socket.send(query);
      this.close = () => void socket.close();
    }
  }

  /** Resolves with the reply to `query`, whose id no other query under way may have; rejects after five seconds. */
  ask(query: Buffer): Promise<Buffer> {
    const id = query.readUInt16BE(0);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`no reply to ${query.toString('hex')}`));
      }, 5000);
      this.#waiting.set(id, (reply) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(Buffer.from(reply));
      });
      this.#send(query);
    });
  }

  #take(reply: Buffer): void {
    if (reply.length >= 2) this.#waiting.get(reply.readUInt16BE(0))?.(reply);
  }
}
