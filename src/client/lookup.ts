/**
 * One SRV lookup with the addresses of its targets: from the reply where they are there, by further questions where
 * not.
 */
import { SrvError } from './error.ts';
import type { AddressBook } from './address-book.ts';
import type { Ask, Reply, ReplyRecord, SrvReply } from './reply.ts';

/** An SRV record and where its target is. */
export interface SrvRecord {
  /** 0 to 65535; lower is preferred. */
  readonly priority: number;
  /** 0 to 65535; the share of its priority. */
  readonly weight: number;
  readonly port: number;
  /** Host name in lower case, without the final dot. */
  readonly target: string;
  /** IPv4 first, as the server ordered them; empty where none could be found. */
  readonly addresses: readonly string[];
}

/**
 * What a lookup found. `unavailable`: one record with target ".", by which the owner says that there is no such service
 * here.
 */
export type Outcome = { readonly authoritative: boolean; readonly ttlMs: number } & (
  | { readonly kind: 'records'; readonly records: readonly SrvRecord[] }
  | { readonly kind: 'unavailable' | 'nodata' | 'nxdomain' }
);

const maxCnames = 8;

/**
 * Looks up the SRV records of `name`, over at most eight CNAMEs. The TTL is the lowest of all that the outcome rests
 * on; Infinity for absence without an SOA. Rejects with `SrvError`.
 */
export async function lookupSrv(ask: Ask, book: AddressBook, name: string, signal: AbortSignal): Promise<Outcome> {
  let owner = name;
  let ttlMs = Infinity;
  let authoritative = true;
  for (let followed = 0; ;) {
    const reply = await ask(owner, 'SRV', signal);
    authoritative &&= reply.authoritative;
    const asked = owner;
    for (let cname; (cname = reply.answers.find((record) => record.type === 'CNAME' && record.owner === owner));) {
      if (cname.type !== 'CNAME' || ++followed > maxCnames)
        throw new SrvError('SRV_BADRESP', name, `more than ${maxCnames} CNAMEs in a row`);
      owner = cname.target;
      ttlMs = Math.min(ttlMs, cname.ttlMs);
    }
    const found = reply.answers.filter((record) => record.type === 'SRV' && record.owner === owner) as SrvReply[];
    if (found.length > 0) return settle(found, reply, book, { authoritative, ttlMs }, signal);
    if (owner !== asked && reply.rcode === 'NOERROR') continue; // the chain leads out of this reply: ask where it leads
    const negativeTtlMs = Math.min(ttlMs, reply.negativeTtlMs ?? Infinity);
    return { kind: reply.rcode === 'NXDOMAIN' ? 'nxdomain' : 'nodata', authoritative, ttlMs: negativeTtlMs };
  }
}

async function settle(
  found: readonly SrvReply[],
  reply: Reply,
  book: AddressBook,
  base: { readonly authoritative: boolean; readonly ttlMs: number },
  signal: AbortSignal,
): Promise<Outcome> {
  const authoritative = base.authoritative;
  let ttlMs = Math.min(base.ttlMs, ...found.map((record) => record.ttlMs));
  if (found.length === 1 && found[0]!.target === '') return { kind: 'unavailable', authoritative, ttlMs };
  const usable = found.filter(({ target, port }) => target !== '' && port !== 0);
  const hosts = await book.find([...new Set(usable.map(({ target }) => target))], byOwner(reply.additionals), signal);
  const records = usable.map(({ priority, weight, port, target }) => {
    const host = hosts.get(target)!;
    if (host.addresses.length > 0) ttlMs = Math.min(ttlMs, host.ttlMs);
    return { priority, weight, port, target, addresses: host.addresses };
  });
  return { kind: 'records', records, authoritative, ttlMs };
}

function byOwner(records: readonly ReplyRecord[]): Map<string, ReplyRecord[]> {
  const owners = new Map<string, ReplyRecord[]>();
  for (const record of records) {
    if (record.type !== 'A' && record.type !== 'AAAA') continue;
    const list = owners.get(record.owner);
    if (list) list.push(record);
    else owners.set(record.owner, [record]);
  }
  return owners;
}
