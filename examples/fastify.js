// A service that registers itself, and leaves without dropping a request: node examples/fastify.js
import fastify from 'fastify';
import { register } from 'signpost/agent';

const app = fastify();
app.get('/', () => ({ hello: 'from', pid: process.pid }));
await app.listen({ port: 0, host: '127.0.0.1' });
const { port } = app.server.address();

const registration = await register({ service: 'web', port, ttlMs: 1000, tags: ['example'] });
console.log(`listening on ${port}, registered as ${registration.id}`);

// Out of DNS first; the server closes when no resolver holds it any more, and is deregistered last.
process.once('SIGINT', () => registration.shutdown({ server: app }));
process.once('SIGTERM', () => registration.shutdown({ server: app }));
