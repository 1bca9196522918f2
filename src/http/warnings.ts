/** What works as asked for, and will surprise somebody. */
import { serviceAnswerTtl } from '../publish/ttl.ts';
import { type Instance, statusOf } from '../registry/instance.ts';
import type { Service } from '../registry/service.ts';

/** Warnings about a registration, in sentences; mostly none. */
export function warningsOf(instance: Instance, settings: Service | null, defaultTtl: number): string[] {
  const warnings: string[] = [];
  const { service, lease, ttl, checks } = instance;
  // RFC 6335 section 5.1
  if (service.length > 15)
    warnings.push(
      `service name "${service}" has ${service.length} characters; RFC 6335 allows 15, as does some DNS-SD software`,
    );
  if (service.length > 62)
    warnings.push(
      `service name "${service}" leaves no room for the "_": there is no _${service}._${instance.protocol} name`,
    );
  const answered = serviceAnswerTtl(instance, settings, defaultTtl);
  const wanted = ttl ?? settings?.ttl ?? defaultTtl;
  if (answered < wanted)
    warnings.push(`ttl ${wanted} is answered as ${answered}: an answer must not outlive a lease of ${lease!} s`);
  if (lease === null && checks.length === 0)
    warnings.push('permanent and without checks: it stays in DNS when it dies, until it is deregistered');
  if (statusOf(instance) === 'unknown') warnings.push('not answered until its checks have passed');
  return warnings;
}
