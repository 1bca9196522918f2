/** A DNS server whose every reply is written by the test, over UDP and TCP on one port of 127.0.0.1. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket as Connection } from 'node:net';
import { type Answer, decode, encode, type Packet } from 'dns-packet';

/** One query that came in, and the means to reply to it. */
export interface Asked {
  readonly transport: 'udp' | 'tcp';
  readonly name: string;
  readonly type: string;
  readonly packet: Packet;
  /** Replies: id and question as asked, QR set, and what `parts` says. */
  reply(parts?: ReplyParts): void;
  /** The octets that `reply` would send. */
  encode(parts?: ReplyParts): Buffer;
  /** Sends octets as they are. */
  send(octets: Buffer): void;
  /** Sends octets from another port than the one that was asked. UDP only. */
  sendFromElsewhere(octets: Buffer): Promise<void>;
}

export interface ReplyParts {
  readonly rcode?: number;
  readonly aa?: boolean;
  readonly tc?: boolean;
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
  readonly additionals?: readonly Answer[];
  readonly edns?: boolean;
}

export interface FakeDns {
  /** `127.0.0.1:PORT`. */
  readonly server: string;
  readonly port: number;
  readonly asked: readonly Asked[];
  close(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts the server; `script` is called for each query and replies, or does not. */
export async function startFakeDns(script: (asked: Asked) => void): Promise<FakeDns> {
  const asked: Asked[] = [];
  const connections = new Set<Connection>();
  const take = (query: Asked): void => {
    asked.push(query);
    script(query);
  };
  const [udp, tcp] = await bindBoth();
  udp.on('message', (message, peer) => {
    const send = (octets: Buffer): void => udp.send(octets, peer.port, peer.address);
    const sendFromElsewhere = async (octets: Buffer): Promise<void> => {
      const other = createSocket('udp4');
      await new Promise((resolve) => other.send(octets, peer.port, peer.address, resolve));
      other.close();
    };
    take(makeAsked('udp', message, send, sendFromElsewhere));
  });
  tcp.on('connection', (connection: Connection) => {
    connections.add(connection);
    connection.on('error', () => undefined);
    connection.on('data', (octets: Buffer) => {
      const send = (message: Buffer): void => {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(message.length);
        connection.write(Buffer.concat([length, message]));
      };
      take(makeAsked('tcp', octets.subarray(2), send, () => Promise.reject(new Error('TCP has no elsewhere'))));
    });
  });
  const { port } = udp.address();
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    udp.close();
    tcp.close();
    for (const connection of connections) connection.destroy();
  };
  return {
    server: `127.0.0.1:${port}`,
    port,
    asked,
    close,
    [Symbol.asyncDispose]: () => {
      close();
      return Promise.resolve();
    },
  };
}

/**
 * A UDP and a TCP socket on the same free port: the one that UDP was given may be taken for TCP, so it is tried again.
 */
async function bindBoth(): Promise<[Socket, ReturnType<typeof createServer>]> {
  for (;;) {
    const tcp = createServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const udp = createSocket('udp4');
    const bound = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind((tcp.address() as AddressInfo).port, '127.0.0.1', () => resolve(true));
    });
    if (bound) return [udp, tcp];
    udp.close();
    tcp.close();
  }
}

function makeAsked(
  transport: 'udp' | 'tcp',
  message: Buffer,
  send: (octets: Buffer) => void,
  sendFromElsewhere: (octets: Buffer) => Promise<void>,
): Asked {
  const packet = decode(message);
  const question = packet.questions![0]!;
  const encodeParts = ({
    rcode = 0,
    aa = true,
    tc = false,
    answers = [],
    authorities = [],
    additionals = [],
    edns = true,
  }: ReplyParts = {}): Buffer =>
    encode({
      type: 'response',
      id: packet.id!,
      flags: rcode | (aa ? 0x0400 : 0) | (tc ? 0x0200 : 0),
      questions: packet.questions!,
      answers: [...answers],
      authorities: [...authorities],
      additionals: [
        ...additionals,
        ...(edns
          ? [
              {
                type: 'OPT',
                name: '.',
                udpPayloadSize: 1232,
                extendedRcode: 0,
                ednsVersion: 0,
                flags: 0,
                options: [],
              } as unknown as Answer,
            ]
          : []),
      ],
    });
  return {
    transport,
    name: question.name,
    type: question.type,
    packet,
    encode: encodeParts,
    reply: (parts) => send(encodeParts(parts)),
    send,
    sendFromElsewhere,
  };
}

/** An SRV record for a reply: `srv('_web._tcp.example.test', 5, 10, 100, 8080, 'a.example.test')`. */
export function srv(name: string, ttl: number, priority: number, weight: number, port: number, target: string): Answer {
  return { type: 'SRV', name, ttl, data: { priority, weight, port, target } };
}

export function a(name: string, ttl: number, data: string): Answer {
  return { type: 'A', name, ttl, data };
}

export function aaaa(name: string, ttl: number, data: string): Answer {
  return { type: 'AAAA', name, ttl, data };
}

export function cname(name: string, ttl: number, data: string): Answer {
  return { type: 'CNAME', name, ttl, data };
}

export function soa(name: string, ttl: number, minimum: number): Answer {
  return {
    type: 'SOA',
    name,
    ttl,
    data: { mname: `ns.${name}`, rname: `root.${name}`, serial: 1, refresh: 60, retry: 60, expire: 600, minimum },
  };
}
