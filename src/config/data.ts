/** What lies where in the data directory; the server and the commands that do without it agree here. */
import { join } from 'node:path';

/** The embedded store's own directory. */
export function storeDirectory(data: string): string {
  return join(data, 'store');
}

/** The grants: tokens, as their SHA-256, and certificates. */
export function grantsFile(data: string): string {
  return join(data, 'tokens.json');
}
