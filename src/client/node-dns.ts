/**
 * Questions through node:dns, for those whose DNS only it can reach. It tells neither TTLs of SRV nor additional
 * records.
 */
import { promises as dns } from 'node:dns';
import { SrvError, type SrvErrorCode } from './error.ts';
import { foldText } from './name.ts';
import type { ResolverSettings } from './options.ts';
import type { Ask, QuestionType, Reply, ReplyRecord } from './reply.ts';
import { joinAuthority, type ServerAddress } from './server-address.ts';

/** Makes the `Ask` that goes through node:dns; answers count as coming from a cache. */
export function createNodeExchange(servers: readonly ServerAddress[], settings: ResolverSettings): Ask {
  const resolver = new dns.Resolver({ timeout: settings.queryTimeoutMs, tries: settings.attempts });
  resolver.setServers(servers.map(({ address, port }) => joinAuthority(address, port)));
  return async (name, type) => {
    try {
      return reply('NOERROR', await records(resolver, name, type, settings.unknownTtlMs));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOTFOUND') return reply('NXDOMAIN', []);
      if (code === 'ENODATA') return reply('NOERROR', []);
      throw new SrvError(failures[code ?? ''] ?? 'SRV_NETWORK', name, `node:dns failed with ${String(code)}`, {
        cause: error,
      });
    }
  };
}

const failures: Readonly<Record<string, SrvErrorCode>> = {
  ETIMEOUT: 'SRV_TIMEOUT',
  ESERVFAIL: 'SRV_SERVFAIL',
  EREFUSED: 'SRV_REFUSED',
  EBADRESP: 'SRV_BADRESP',
  EFORMERR: 'SRV_BADRESP',
  EBADNAME: 'SRV_BADNAME',
  ECANCELLED: 'SRV_CLOSED',
};

async function records(
  resolver: dns.Resolver,
  name: string,
  type: QuestionType,
  ttlMs: number,
): Promise<ReplyRecord[]> {
  if (type === 'SRV') {
    const found = await resolver.resolveSrv(name);
    return found.map(({ name: target, ...record }) => ({
      ...record,
      type,
      owner: name,
      ttlMs,
      target: foldText(target),
    }));
  }
  const found =
    type === 'A' ? await resolver.resolve4(name, { ttl: true }) : await resolver.resolve6(name, { ttl: true });
  return found.map(({ address, ttl }) => ({ type, owner: name, ttlMs: ttl * 1000, address }));
}

function reply(rcode: Reply['rcode'], answers: readonly ReplyRecord[]): Reply {
  return { rcode, authoritative: false, answers, additionals: [], negativeTtlMs: null };
}
