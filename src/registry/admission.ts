/**
 * What a registration must satisfy: turns it into a complete instance, or throws `invalid` with the JSON path of the
 * culprit.
 */
import { isDeepStrictEqual } from 'node:util';
import { canonicalAddress, scopeOf } from './address.ts';
import type { ServiceEntry } from './catalog.ts';
import { type Check, parseCheck } from './check.ts';
import { RegistryError } from './error.ts';
import { type Instance, type NamedPort, noMeta, none } from './instance.ts';
import {
  parseInstanceLabel, parseLabel, parseLabels, parseServiceLabel, refuseLongName, serverService,
} from './label.ts';
import { atMost, distinct, numberWithin, wholeNumber } from './range.ts';
import type { Caller, InstancePatch, Registration } from './registration.ts';
import type { Service } from './service.ts';

const mostAddresses = 16;
const mostPorts = 32;
const mostTags = 64;
const mostChecks = 8;
const mostMetaEntries = 64;
/** Of UTF-8, keys and values together. */
const mostMetaOctets = 4096;

export interface Terms {
  /** Folded, without the final dot, and served. */
  readonly zone: string;
  /** The service of that name, if there is one: its settings count, and its instances share its name. */
  readonly service: Pick<ServiceEntry, 'name' | 'settings'> | null;
  /** Lease in seconds where neither registration nor service names one. */
  readonly defaultLease: number;
  /** Wall-clock milliseconds. */
  readonly wall: number;
}

/** The instance that a registration asks for, not yet committed: generation and revision are 0. */
export function admit(registration: Registration, caller: Caller, terms: Terms): Instance {
  const port = registration.port === undefined ? null : wholeNumber(registration.port, 1, 65535, 'port');
  const ports = parsePorts(registration.ports);
  if (port === null && ports.length === 0) {
    throw new RegistryError('invalid', 'port is missing, and so are named ports', 'port');
  }
  const checks = parseChecks(registration, port, terms.service?.settings?.checkDefaults ?? null);
  const isServer = caller.address === null && registration.service === serverService;
  const service = isServer ? serverService : parseServiceLabel(registration.service);
  const instance: Instance = {
    zone: terms.zone,
    service: terms.service?.name ?? service,
    id: parseInstanceLabel(registration.id),
    generation: 0,
    revision: 0,
    addresses: parseAddresses(registration, caller),
    port,
    protocol: registration.protocol ?? 'tcp',
    ports,
    priority: wholeNumber(registration.priority ?? 10, 0, 65535, 'priority'),
    weight: wholeNumber(registration.weight ?? 100, 0, 65535, 'weight'),
    tags: parseTags(registration.tags),
    meta: parseMeta(registration.meta),
    ttl: registration.ttl === undefined ? null : wholeNumber(registration.ttl, 1, 86400, 'ttl'),
    lease: parseLease(registration, terms),
    declared: registration.status ?? 'passing',
    checks,
    observed: initiallyObserved(checks),
    late: false,
    registeredFrom: caller.address,
    registeredBy: caller.tokenId,
    registeredAt: terms.wall,
  };
  refuseLongNames(instance);
  return instance;
}

/** The instance as the patch wants it; the same object where it wants nothing new. */
export function patched(instance: Instance, patch: InstancePatch): Instance {
  const wanted: Instance = {
    ...instance,
    weight: patch.weight === undefined ? instance.weight : wholeNumber(patch.weight, 0, 65535, 'weight'),
    priority: patch.priority === undefined ? instance.priority : wholeNumber(patch.priority, 0, 65535, 'priority'),
    tags: patch.tags === undefined ? instance.tags : parseTags(patch.tags),
    meta: patch.meta === undefined ? instance.meta : parseMeta(patch.meta),
    declared: patch.status ?? instance.declared,
  };
  refuseLongNames(wanted);
  return isDeepStrictEqual(wanted, instance) ? instance : wanted;
}

/**
 * Checks by the server start `unknown`, unanswered until the first pass; a ttl check alone passes with the
 * registration.
 */
function initiallyObserved(checks: readonly Check[]): Instance['observed'] {
  if (checks.length === 0) return null;
  return checks.every((check) => check.type === 'ttl') ? 'passing' : 'unknown';
}

function parseLease(registration: Registration, terms: Terms): number | null {
  if (registration.permanent !== true) {
    return numberWithin(
      registration.lease ?? terms.service?.settings?.defaultLease ?? terms.defaultLease,
      2,
      86400,
      'lease',
    );
  }
  if (registration.lease === undefined) return null;
  throw new RegistryError('invalid', `lease is ${registration.lease}, wanted none beside permanent: true`, 'lease');
}

/** `address`, then `addresses`; or the caller's own. */
function parseAddresses(registration: Registration, caller: Caller): readonly string[] {
  const { address, addresses = [] } = registration;
  atMost(addresses.length, mostAddresses, 'addresses');
  const parsed = addresses.map((text, index) => parseAddress(text, caller, `addresses.${index}`));
  distinct(parsed, 'addresses');
  if (address !== undefined) {
    const first = parseAddress(address, caller, 'address');
    return [first, ...parsed.filter((other) => other !== first)];
  }
  if (parsed.length > 0) return parsed;
  if (caller.address === null) {
    throw new RegistryError('invalid', 'address is missing, and the caller has none', 'address');
  }
  return [parseAddress(caller.address, caller, 'address')];
}

/**
 * A loopback or link-local address means another host to everyone else, so it is taken only from where it means the
 * caller.
 */
function parseAddress(text: string, caller: Caller, path: string): string {
  const address = canonicalAddress(text);
  const found = JSON.stringify(text.slice(0, 100));
  if (address === null) throw new RegistryError('invalid', `${path} is ${found}, wanted an IPv4 or IPv6 address`, path);
  const scope = scopeOf(address);
  if (scope === 'ordinary') return address;
  const callerScope = caller.address === null ? 'loopback' : scopeOf(caller.address);
  if (scope !== 'unusable' && (callerScope === 'loopback' || address === caller.address)) return address;
  throw new RegistryError(
    'invalid',
    `${path} is ${found}, a ${scope} address, wanted one that clients can reach`,
    path,
  );
}

function parsePorts(ports: Registration['ports']): readonly NamedPort[] {
  if (ports === undefined) return none;
  const named = Object.entries(ports).map(([name, { port, protocol }]): NamedPort => ({
    name: parseLabel(name, `ports.${name}`),
    port: wholeNumber(port, 1, 65535, `ports.${name}.port`),
    protocol: protocol ?? 'tcp',
  }));
  atMost(named.length, mostPorts, 'ports');
  distinct(named.map(({ name }) => name), 'ports');
  return named.length === 0 ? none : named;
}

function parseTags(tags: readonly string[] | undefined): readonly string[] {
  if (tags === undefined || tags.length === 0) return none;
  atMost(tags.length, mostTags, 'tags');
  return parseLabels(tags, 'tags');
}

/** Each entry becomes one character-string `key=value` of a TXT record (RFC 6763 section 6.4). */
function parseMeta(meta: Registration['meta']): Instance['meta'] {
  const entries = Object.entries(meta ?? noMeta);
  if (entries.length === 0) return noMeta;
  atMost(entries.length, mostMetaEntries, 'meta');
  let octets = 0;
  for (const [key, value] of entries) {
    const path = `meta.${key}`;
    if (!/^[ -<>-~]+$/.test(key)) {
      throw new RegistryError(
        'invalid',
        `meta has the key ${JSON.stringify(key)}, wanted printable ASCII without =`,
        path,
      );
    }
    if (/\p{Surrogate}/u.test(value)) {
      throw new RegistryError('invalid', `${path} has a surrogate without its other half`, path);
    }
    const length = key.length + 1 + Buffer.byteLength(value);
    if (length > 255) {
      throw new RegistryError('invalid', `${path} makes ${length} octets as key=value, wanted at most 255`, path);
    }
    octets += length;
  }
  if (octets > mostMetaOctets) {
    throw new RegistryError(
      'invalid',
      `meta makes ${octets} octets as key=value, wanted at most ${mostMetaOctets}`,
      'meta',
    );
  }
  return Object.fromEntries(entries);
}

function parseChecks(
  registration: Registration,
  port: number | null,
  defaults: Service['checkDefaults'],
): readonly Check[] {
  const requests = registration.checks;
  if (requests === undefined || requests.length === 0) return none;
  atMost(requests.length, mostChecks, 'checks');
  return requests.map((request, index) => parseCheck(request, port, defaults, `checks.${index}`));
}

/** Every name made of the instance must fit into 255 octets (RFC 1035 section 2.3.4). */
function refuseLongNames({ zone, service, id, tags, ports }: Instance): void {
  const longest = (texts: readonly string[]) => Math.max(0, ...texts.map((text) => text.length));
  refuseLongName(`${id}.${service}.${zone}`, 'id');
  refuseLongName(`${id}._${service}._tcp.${zone}`, 'id');
  if (tags.length > 0) refuseLongName(`${'x'.repeat(longest(tags))}._sub._${service}._tcp.${zone}`, 'tags');
  if (ports.length > 0) {
    refuseLongName(`_${'x'.repeat(longest(ports.map(({ name }) => name)))}._tcp.${service}.${zone}`, 'ports');
  }
}
