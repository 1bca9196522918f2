/** Which of several servers runs the checks of an instance: rendezvous hashing, so that all agree without a word. */
import { createHash } from 'node:crypto';

/** The server that draws highest for `key`; when one goes, only what was its own moves. `servers`: at least one. */
export function ownerOf(key: string, servers: readonly string[]): string {
  let owner = servers[0]!;
  let highest = '';
  for (const server of servers) {
    const draw = createHash('sha1').update(`${server} ${key}`).digest('hex');
    if (draw > highest) [owner, highest] = [server, draw];
  }
  return owner;
}
