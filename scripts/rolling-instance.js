/**
 * One instance of the rolling replacement: an HTTP server and a gRPC server, registered by the agent. SIGTERM shuts it
 * down. `node scripts/rolling-instance.js REGISTRY-URL`; prints `ready PORT`.
 */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { register } from '../dist/agent/index.js';

const [url] = process.argv.slice(2);
const http = createServer((_, response) => response.end('ok'));
http.listen(0, '127.0.0.1');
await once(http, 'listening');

const grpc = new Server();
const plain = (value) => Buffer.from(value);
const echo = {
  path: '/rolling.Echo/Say',
  requestStream: false,
  responseStream: false,
  requestSerialize: plain,
  requestDeserialize: String,
  responseSerialize: plain,
  responseDeserialize: String,
};
grpc.addService({ Say: echo }, { Say: (_, reply) => reply(null, 'ok') });
const grpcPort = await new Promise((resolve, reject) =>
  grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  ),
);

const { port } = http.address();
const registration = await register({
  service: 'rolling',
  server: url,
  port,
  ports: { grpc: { port: grpcPort } },
  ttlMs: 1000,
  leaseMs: 10_000,
  failFast: true,
});
process.once('SIGTERM', async () => {
  const closeBoth = () =>
    Promise.all([new Promise((resolve) => http.close(resolve)), new Promise((resolve) => grpc.tryShutdown(resolve))]);
  await registration.shutdown({ server: { server: http, close: closeBoth } });
  process.exit(0);
});
console.log(`ready ${port}`);
