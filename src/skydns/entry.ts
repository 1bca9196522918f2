/**
 * Entry: one key on etcd with what it says, as records want it, and the records that it gives to every name that it
 * counts for.
 */
import { characterStrings, type Rdata, srvRdata } from '../publish/rdata.ts';
import { parseIpv4, parseIpv6 } from '../wire/address.ts';
import { RRType } from '../wire/codes.ts';
import { PresentationError } from '../wire/error.ts';
import { foldName, labelCount, type Name, parentOf, parseName } from '../wire/name.ts';
import { copyOctets, type Octets, uint16Octets, utf8Octets } from '../wire/octets.ts';
import { SkydnsError } from './error.ts';
import type { KeyName } from './key.ts';
import type { SkydnsValue } from './value.ts';

export interface Entry extends KeyName {
  /** As on etcd. */
  readonly key: Octets;
  /** `address` and `name`: what its host is. `text`: it has a text, and no address, so its host does not count. */
  readonly kind: 'address' | 'name' | 'text';
  /** A or AAAA; null but for an address. */
  readonly address: Rdata | null;
  /** The host that is a name, folded; for an address the name of the key without the labels that are to be stripped. */
  readonly target: Name;
  /** False where no host is said: for A, AAAA, SRV and MX such an entry is not there. */
  readonly hasHost: boolean;
  /** Rdata of TXT; empty but for `text`. */
  readonly text: Octets;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
  readonly mail: boolean;
  /** Seconds. */
  readonly ttl: number;
  readonly targetstrip: number;
  readonly group: string;
}

/** `isLeased`: etcd may remove the key at any time. Throws SkydnsError `field` or `empty`. */
export function makeEntry(key: Octets, { name, isBelow }: KeyName, value: SkydnsValue, isLeased: boolean): Entry {
  const { host, text, ttl, ...rest } = value;
  if (host === '' && text === '') throw new SkydnsError('empty', 'found neither host nor text, wanted one of them');
  const address = addressOf(host);
  const kind = address !== null ? 'address' : text === '' ? 'name' : 'text';
  return {
    ...rest,
    key,
    name,
    isBelow,
    kind,
    address,
    target: address !== null || host === '' ? stripped(name, value.targetstrip) : nameOf(host),
    hasHost: host !== '',
    text: kind === 'text' ? (characterStrings(utf8Octets(text)) as Octets) : ('' as Octets),
    ttl: isLeased ? Math.min(ttl, longestLeasedTtl) : ttl,
  };
}

/** True where two entries of one key say the same. */
export function isSameEntry(one: Entry, other: Entry): boolean {
  const { address, ...rest } = one;
  const { address: otherAddress, ...others } = other;
  const isSame = address?.type === otherAddress?.type && address?.rdata === otherAddress?.rdata;
  return isSame && (Object.keys(rest) as (keyof typeof rest)[]).every((field) => rest[field] === others[field]);
}

/** What it gives to each name that it counts for, as long as it is no alias there. */
export function recordsOf(entry: Entry): Rdata[] {
  const { kind, address, target, text, port, priority, weight, mail } = entry;
  if (kind === 'text') return [{ type: RRType.TXT, rdata: text }];
  const records = address === null ? [] : [address];
  if (port !== -1) records.push({ type: RRType.SRV, rdata: srvRdata(priority, weight, port, target) });
  if (mail) records.push({ type: RRType.MX, rdata: (uint16Octets(priority) + target) as Octets });
  return records;
}

/** True for a host name without a port: it stands for the name of the key, where CNAME can. */
export function isAlias({ kind, port, mail }: Entry): boolean {
  return kind === 'name' && port <= 0 && !mail;
}

/** The name without its first labels; as it is, where it has no more than these. */
export function stripped(name: Name, labels: number): Name {
  if (labels === 0 || labels >= labelCount(name)) return name;
  let rest = name;
  for (let n = 0; n < labels; n++) rest = parentOf(rest);
  return copyOctets(rest);
}

/** A or AAAA of a host that is an address; an IPv4 address in IPv6 form (RFC 4291 section 2.5.5.2) is meant as such. */
function addressOf(host: string): Rdata | null {
  const ipv6 = host.includes(':') ? parseIpv6(host) : null;
  const ipv4 = ipv6?.startsWith(mappedPrefix) === true ? ipv6.slice(12) : parseIpv4(host);
  if (ipv4 !== null) return { type: RRType.A, rdata: copyOctets(ipv4 as Octets) };
  return ipv6 === null ? null : { type: RRType.AAAA, rdata: copyOctets(ipv6) };
}

function nameOf(host: string): Name {
  try {
    const octets = utf8Octets(host);
    return copyOctets(foldName(parseName(octets.endsWith('.') ? octets : `${octets}.`)));
  } catch (error) {
    if (!(error instanceof PresentationError)) throw error;
    throw new SkydnsError('field', `host: ${error.message}`, { cause: error });
  }
}

const mappedPrefix = '\0'.repeat(10) + '\xff\xff';
/** Seconds. The least that CoreDNS gives to a key with a lease; its records are gone the moment that the lease ends. */
const longestLeasedTtl = 30;
