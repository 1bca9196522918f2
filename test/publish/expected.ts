/**
 * The zone that services should have, written down a second time and from the contract: from all instances at once, in
 * presentation form, without a thought for cost. What the publisher does change by change must come to the same.
 */
import type { Instance } from '../../src/registry/instance.ts';
import type { Selector, Service } from '../../src/registry/service.ts';

export interface ExpectedService {
  readonly name: string;
  readonly settings: Service | null;
  readonly instances: readonly Instance[];
  /** Ids that were answerable before the last of them was no more, and have not left since. */
  readonly lastKnownGood: readonly string[];
}

interface Line {
  readonly owner: string;
  readonly ttl: number;
  readonly data: string;
}

/** Lines as `printRecord` has them, sorted; without the apex. */
export function expectedLines(services: readonly ExpectedService[]): string[] {
  const all = services.flatMap(linesOfService);
  const ttls = new Map<string, number>();
  const set = ({ owner, data }: Line): string => `${owner} ${data.split(' ', 1)[0]!}`;
  for (const line of all) ttls.set(set(line), Math.min(line.ttl, ttls.get(set(line)) ?? Infinity));
  const text = all.map((line) => `${line.owner} ${ttls.get(set(line))!} IN ${line.data}`);
  return [...new Set(text)].sort();
}

export function expectedMode({ settings, instances, lastKnownGood }: ExpectedService): string {
  const staying = instances.filter((instance) => instance.declared !== 'draining');
  const healthy = staying.filter(isHealthy);
  if (settings !== null && staying.length > 0 && healthy.length / staying.length < settings.panicThreshold) {
    return 'all';
  }
  if (healthy.length > 0) return 'healthy';
  const policy = settings?.emptyPolicy ?? 'nodata';
  if (policy === 'fail-open' && staying.length > 0) return 'all';
  if (policy === 'last-known-good' && lastKnownGood.length > 0) return 'good';
  return policy === 'nxdomain' ? 'denied' : 'none';
}

export function isHealthy({ declared, observed }: Instance): boolean {
  return (
    (declared === 'passing' || declared === 'warning') &&
    (observed === null || observed === 'passing' || observed === 'warning')
  );
}

function linesOfService(service: ExpectedService): Line[] {
  const { name, settings, instances, lastKnownGood } = service;
  const mode = expectedMode(service);
  const answered = instances.filter(
    (instance) =>
      instance.declared !== 'draining' &&
      (isHealthy(instance) || mode === 'all' || (mode === 'good' && lastKnownGood.includes(instance.id))),
  );
  const apex = 'svc.internal.';
  const groups: [owner: string, members: Instance[]][] = [[`${name}.${apex}`, answered]];
  for (const tag of new Set(answered.flatMap(({ tags }) => tags))) {
    groups.push([`${tag}._tag.${name}.${apex}`, answered.filter(({ tags }) => tags.includes(tag))]);
  }
  for (const selector of settings?.selectors ?? []) {
    groups.push([
      `${selector.name}._sel.${name}.${apex}`,
      answered.filter((instance) => isSelected(instance, selector)),
    ]);
  }
  const lines: Line[] = [];
  const ttlOf = (instance: Instance) => capped(instance.ttl ?? settings?.ttl ?? 5, instance);
  for (const [owner, members] of groups) {
    const lowest = Math.min(...members.map(({ priority }) => priority));
    for (const member of members) {
      if (member.port !== null) lines.push({ owner, ttl: ttlOf(member), data: srv(member, member.port) });
      if (member.priority === lowest) {
        lines.push(...member.addresses.map((address) => ({ owner, ttl: ttlOf(member), data: addressData(address) })));
      }
    }
  }
  for (const member of answered) {
    const ttl = ttlOf(member);
    for (const named of member.ports) {
      lines.push({ owner: `_${named.name}._${named.protocol}.${name}.${apex}`, ttl, data: srv(member, named.port) });
    }
    if (member.port === null) continue;
    const type = `_${name}._${member.protocol}.${apex}`;
    lines.push({ owner: type, ttl, data: srv(member, member.port) });
    for (const owner of [type, ...member.tags.map((tag) => `_${tag}._sub.${type}`)]) {
      lines.push({ owner, ttl, data: `PTR ${member.id}.${type}` });
    }
    lines.push({ owner: `_services._dns-sd._udp.${apex}`, ttl: 5, data: `PTR ${type}` });
  }
  for (const instance of instances) {
    const ttl = capped(30, instance);
    const txt =
      Object.entries(instance.meta)
        .map(([key, value]) => ` "${key}=${value}"`)
        .join('') || ' ""';
    const owner = `${instance.id}.${name}.${apex}`;
    const entry = `${instance.id}._${name}._${instance.protocol}.${apex}`;
    lines.push(
      { owner, ttl, data: `TXT${txt}` },
      ...instance.addresses.map((address) => ({ owner, ttl, data: addressData(address) })),
    );
    if (instance.port === null) continue;
    for (const each of [owner, entry]) lines.push({ owner: each, ttl, data: srv(instance, instance.port) });
    lines.push({ owner: entry, ttl, data: `TXT${txt}` });
  }
  return lines;
}

function isSelected({ tags }: Instance, { all, none }: Selector): boolean {
  return all.filter((tag) => !tags.includes(tag)).length === 0 && none.filter((tag) => tags.includes(tag)).length === 0;
}

function capped(ttl: number, { lease, late }: Instance): number {
  return Math.min(ttl, lease === null ? ttl : Math.floor(lease * 0.4) + 5, late ? 5 : ttl);
}

function srv({ id, service, priority, weight, declared, observed }: Instance, port: number): string {
  const warns =
    (declared === 'warning' && observed !== 'critical' && observed !== 'unknown') ||
    (declared === 'passing' && observed === 'warning');
  const answeredWeight = warns && weight > 0 ? Math.max(1, Math.floor(weight / 2)) : weight;
  return `SRV ${priority} ${answeredWeight} ${port} ${id}.${service}.svc.internal.`;
}

function addressData(address: string): string {
  return address.includes(':') ? `AAAA ${address}` : `A ${address}`;
}
