/**
 * What etcd itself takes: puts of so many octets, so many at a time, each to a key of its own. Begins when a line comes
 * on standard input, and prints as JSON how many puts a second were acknowledged.
 *
 * usage: node etcd-puts.js URLS PREFIX CLIENTS TOTAL OCTETS
 */
import { once } from 'node:events';
import { Etcd3 } from 'etcd3';

const [urls, prefix, ...numbers] = process.argv.slice(2);
const [clients, total, octets] = numbers.map(Number);
const etcd = new Etcd3({ hosts: urls.split(',') });
const value = 'x'.repeat(octets);
await etcd.get(prefix);
console.log('ready');
await once(process.stdin, 'data');

const begin = performance.now();
let next = 0;
await Promise.all(
  Array.from({ length: clients }, async () => {
    while (next < total) await etcd.put(`${prefix}${next++}`).value(value);
  }),
);
console.log(JSON.stringify({ perSecond: total / ((performance.now() - begin) / 1000) }));
process.exit();
