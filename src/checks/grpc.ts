/**
 * The check `grpc`: grpc.health.v1.Health/Check over HTTP/2 without TLS. The two messages have one field each, so their
 * protobuf is written and read here.
 */
import { connect, type IncomingHttpHeaders } from 'node:http2';
import type { GrpcCheck } from '../registry/check.ts';
import { type Outcome, type Probe, printTarget } from './probe.ts';

export const probeGrpc: Probe<GrpcCheck> = (target, { grpcService }, signal) =>
  new Promise((resolve, reject) => {
    const session = connect(`http://${printTarget(target)}`, { settings: { enablePush: false }, maxSessionMemory: 1 });
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', abort);
      session.destroy();
      settle();
    };
    const fail = (error: unknown): void => end(() => reject(error instanceof Error ? error : new Error(String(error))));
    const abort = (): void => fail(signal.reason);
    signal.addEventListener('abort', abort);
    session.on('error', fail);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let received = Buffer.alloc(0);
    stream.on('error', fail);
    stream.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length <= mostReceived) return;
      fail(new Error(`found more than ${mostReceived} octets, wanted a health message`));
    });
    stream.on('trailers', (trailers: IncomingHttpHeaders) => {
      if (trailers['grpc-status'] !== '0') fail(new Error('found another gRPC status, wanted 0'));
    });
    stream.on('end', () => end(() => resolve(outcomeOf(received))));
    stream.on('close', () => fail(new Error('found the end of the stream, wanted a response')));
    stream.end(encodeRequest(grpcService));
  });

const mostReceived = 1024;
/** Flag "not compressed" and the length of the message in four octets. */
const framePrefix = 5;
/** Field 1, length-delimited: HealthCheckRequest.service. */
const serviceTag = 0x0a;
/** Field 1, varint: HealthCheckResponse.status. */
const statusTag = 0x08;
const serving = 1;

/** A service name has at most 255 octets, and so its length takes two octets of varint at most. */
function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const length = name.length < 0x80 ? [name.length] : [(name.length & 0x7f) | 0x80, name.length >> 7];
  const message = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([serviceTag, ...length]), name]);
  const prefix = Buffer.alloc(framePrefix);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** An answer without a message is an error of the server (its grpc-status says which), and not SERVING. */
function outcomeOf(received: Buffer): Outcome {
  const [tag, status] = received.subarray(framePrefix);
  return tag === statusTag && status === serving ? 'passing' : 'critical';
}
