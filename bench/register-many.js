/**
 * Registers so many instances of 100 services, with so many clients at a time. Begins when a line comes on standard
 * input, and prints as JSON how many registrations a second were acknowledged.
 *
 * usage: node register-many.js URL SERVICE ID CLIENTS TOTAL
 */
import { once } from 'node:events';
import { loadHttp } from './http-load.js';

const [url, service, id, clients, total] = process.argv.slice(2);
console.log('ready');
await once(process.stdin, 'data');

const { perSecond } = await loadHttp(url, {
  clients: Number(clients),
  total: Number(total),
  request: (index) => ({
    method: 'PUT',
    path: `/v1/services/${service}-${index % 100}/instances/${id}i${index}`,
    body: { address: '10.1.2.3', port: 8080, lease: 3600 },
  }),
});
console.log(JSON.stringify({ perSecond }));
process.exit();
