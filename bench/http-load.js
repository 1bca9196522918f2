/** Load on the HTTP API: keep-alive connections, one request at a time on each. */
import { Client } from 'undici';

/**
 * Sends `total` requests from `clients` connections and returns how long each took, in milliseconds, and all of them.
 * @param {string} url
 * @param {{ clients: number, total: number, request: (index: number) => { method: string, path: string, body?: object } }} load
 */
export async function loadHttp(url, { clients, total, request }) {
  const times = new Float64Array(total);
  let next = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const client = new Client(url);
      while (next < total) {
        const index = next++;
        const { method, path, body } = request(index);
        const begin = performance.now();
        const reply = await client.request({
          method,
          path,
          ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
        });
        const text = await reply.body.text();
        if (reply.statusCode >= 300) throw new Error(`${method} ${path}: ${reply.statusCode} ${text}`);
        times[index] = performance.now() - begin;
      }
      await client.close();
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  return { perSecond: total / seconds, times: times.sort() };
}

/** The value below which `share` of the sorted times lie. */
export function quantileOf(times, share) {
  return times[Math.min(times.length - 1, Math.floor(times.length * share))];
}
