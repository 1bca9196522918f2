/** A DNS client for tests that shows what is on the wire; dns-packet decodes, so that no code of ours judges itself. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Packet, type Question, RECURSION_DESIRED } from 'dns-packet';

export type Transport = 'udp' | 'tcp';

export interface QueryOptions {
  readonly transport?: Transport;
  /** EDNS payload size; absent: no OPT. */
  readonly payload?: number;
  /** Address to send from. */
  readonly from?: string;
}

export interface QueryReply {
  readonly packet: Packet;
  readonly octets: Buffer;
  readonly rcode: string;
  readonly truncated: boolean;
  readonly authoritative: boolean;
  readonly answers: readonly Answer[];
  readonly additionals: readonly Answer[];
  readonly authorities: readonly Answer[];
}

let lastId = 0;

/** The octets of a query. */
export function encodeQuery(name: string, type: string, options: QueryOptions = {}): Buffer {
  lastId = (lastId + 1) & 0xffff;
  const packet: Packet = {
    type: 'query',
    id: lastId,
    flags: RECURSION_DESIRED,
    questions: [{ name, type, class: 'IN' } as Question],
  };
  if (options.payload !== undefined) {
    packet.additionals = [
      { type: 'OPT', name: '.', udpPayloadSize: options.payload, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] },
    ];
  }
  return encode(packet);
}

export function decodeReply(octets: Buffer): QueryReply {
  const packet = decode(octets) as unknown as Packet & { rcode: string; flag_tc: boolean };
  return {
    packet,
    octets,
    rcode: packet.rcode,
    truncated: packet.flag_tc,
    authoritative: ((packet.flags ?? 0) & AUTHORITATIVE_ANSWER) !== 0,
    answers: packet.answers ?? [],
    additionals: (packet.additionals ?? []).filter(({ type }) => type !== 'OPT'),
    authorities: packet.authorities ?? [],
  };
}

/** Asks once; rejects when nothing comes within five seconds. */
export async function query(port: number, name: string, type: string, options: QueryOptions = {}): Promise<QueryReply> {
  const octets = encodeQuery(name, type, options);
  return decodeReply(options.transport === 'tcp' ? await exchangeTcp(port, octets) : await exchangeUdp(port, octets, options.from));
}

export async function exchangeUdp(port: number, octets: Buffer, from = '127.0.0.1'): Promise<Buffer> {
  const socket = createSocket('udp4');
  try {
    socket.bind(0, from);
    await once(socket, 'listening');
    const reply = once(socket, 'message', { signal: AbortSignal.timeout(5000) });
    socket.send(octets, port, '127.0.0.1');
    const [message] = (await reply) as [Buffer];
    return message;
  } finally {
    socket.close();
  }
}

export async function exchangeTcp(port: number, octets: Buffer): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write(frame(octets));
    return await readMessage(socket);
  } finally {
    socket.destroy();
  }
}

/** A message with its length before it, as TCP carries it (RFC 1035 section 4.2.2). */
export function frame(octets: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(octets.length);
  return Buffer.concat([length, octets]);
}

/** The next message of a connection that carries one at a time. */
export async function readMessage(socket: Socket): Promise<Buffer> {
  let received = Buffer.alloc(0);
  for (;;) {
    if (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) return received.subarray(2, 2 + received.readUInt16BE());
    const [chunk] = (await once(socket, 'data', { signal: AbortSignal.timeout(5000) })) as [Buffer];
    received = Buffer.concat([received, chunk]);
  }
}
