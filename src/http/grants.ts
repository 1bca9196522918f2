/** The grants as a running server sees them: indexed for look-up, and read again when the file changes. */
import { timingSafeEqual } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import { digestOf, type Grant, listGrants } from './tokens.ts';

export interface Grants {
  /** True while there is no grant at all. */
  readonly isEmpty: boolean;
  /** The grant of the holder of this token, or null. */
  ofToken(token: string): Grant | null;
  /** The grant that the first of these subject alternative names with one has, or null. */
  ofCertificate(names: readonly string[]): Grant | null;
  /** True when there is a grant with this id. */
  has(id: string): boolean;
  /** Reads the file again if it has changed. A file that cannot be used is logged, and what was known stays. */
  refresh(): Promise<void>;
  close(): void;
}

const secondsBetweenLooks = 1;

/** Reads the file, then looks every second whether it has changed. Throws GrantsError when it cannot be used. */
export async function openGrants(file: string, clock: Clock, log: Logger): Promise<Grants> {
  let seen = await stampOf(file);
  let index = indexOf(await listGrants(file));
  let timer: Timer | null = null;
  let closed = false;
  let reading: Promise<void> | null = null;
  const read = async (): Promise<void> => {
    try {
      const stamp = await stampOf(file);
      if (stamp === seen) return;
      seen = stamp;
      index = indexOf(await listGrants(file));
      log.info({ file, holders: index.ids.size }, 'grants read');
    } catch (error) {
      log.error({ err: error, file }, 'the grants file cannot be used; the earlier grants stay');
    } finally {
      reading = null;
    }
  };
  // However many ask at once, there is one look at the file.
  const refresh = (): Promise<void> => (reading ??= read());
  const lookLater = (): void => {
    if (!closed) timer = clock.after(secondsBetweenLooks * 1000, () => void refresh().then(lookLater));
  };
  lookLater();
  return {
    get isEmpty() {
      return index.ids.size === 0;
    },
    ofToken(token) {
      const digest = digestOf(token);
      // The first octets of the digest choose what is compared. Whoever measures that learns nothing of any token.
      const candidates = index.byDigest.get(digest.readUInt32BE(0)) ?? [];
      return candidates.find((candidate) => timingSafeEqual(candidate.digest, digest))?.grant ?? null;
    },
    ofCertificate(names) {
      const name = names.find((candidate) => index.byCertificate.has(candidate));
      return name === undefined ? null : index.byCertificate.get(name)!;
    },
    has: (id) => index.ids.has(id),
    refresh,
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}

interface GrantIndex {
  readonly ids: ReadonlySet<string>;
  readonly byDigest: ReadonlyMap<number, readonly { readonly digest: Buffer; readonly grant: Grant }[]>;
  readonly byCertificate: ReadonlyMap<string, Grant>;
}

function indexOf(grants: readonly Grant[]): GrantIndex {
  const byDigest = new Map<number, { digest: Buffer; grant: Grant }[]>();
  const byCertificate = new Map<string, Grant>();
  for (const grant of grants) {
    if (grant.certificate !== undefined) byCertificate.set(grant.certificate, grant);
    if (grant.sha256 === undefined) continue;
    const digest = Buffer.from(grant.sha256, 'hex');
    const key = digest.readUInt32BE(0);
    byDigest.set(key, [...(byDigest.get(key) ?? []), { digest, grant }]);
  }
  return { ids: new Set(grants.map(({ id }) => id)), byDigest, byCertificate };
}

/** Differs for each content: the file is only ever replaced as a whole. */
async function stampOf(file: string): Promise<string> {
  try {
    const { ino, mtimeMs, size } = await stat(file);
    return `${ino} ${mtimeMs} ${size}`;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'missing';
    throw error;
  }
}
