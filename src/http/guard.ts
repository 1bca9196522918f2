/** What every request passes before its route: the right host, a known caller, not too often, and may they do this. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseLabel, parseServiceName } from '../registry/label.ts';
import type { Clock } from '../runtime/clock.ts';
import { isLoopback, peerAddress } from './address.ts';
import { foldZone, type Target } from './api.ts';
import type { Audit } from './audit.ts';
import { type Access, type Caller, unauthorized } from './auth.ts';
import type { Grants } from './grants.ts';
import { hostCheck } from './host.ts';
import { Problem } from './problem.ts';
import { RateLimit } from './rate.ts';
import { httpLimits, type HttpSettings } from './settings.ts';

export interface GuardParts {
  readonly access: Access;
  readonly grants: Grants;
  /** Null: no audit log is kept. */
  readonly audit: Audit | null;
  readonly clock: Clock;
  /** The zone that is meant where the query names none. */
  readonly defaultZone: string;
}

/** Adds the hook that guards all routes; to be called before they are added. */
export function addGuard(app: FastifyInstance, settings: HttpSettings, parts: GuardParts): void {
  const { access, grants } = parts;
  const checkHost = hostCheck(settings.hosts);
  const { limit, admit } = admission(settings, parts);

  app.decorateRequest('caller', null as unknown as Caller);
  app.decorateRequest('target', null as unknown as Target);
  app.addHook('onRoute', ({ config, method, url }) => {
    if (config?.operation === undefined) throw new Error(`${String(method)} ${url} does not say which operation it is`);
  });

  app.addHook('onRequest', (request, _reply, done) => {
    const { headers, socket, url = '' } = request.raw;
    if (url.length > httpLimits.url)
      throw new Problem('uri-too-long', `the URL has ${url.length} octets, wanted at most ${httpLimits.url}`);
    checkHost(headers);
    const caller = access.authenticate(headers, socket);
    if (caller !== null) {
      admit(request, caller);
      done();
      return;
    }
    limit(peerAddress(socket.remoteAddress));
    // Perhaps the token is younger than our last look at the file.
    const again = grants.refresh().then(() => {
      const found = access.authenticate(headers, socket);
      if (found === null) throw unauthorized('this token has no grant');
      admit(request, found);
    });
    again.then(() => done(), done);
  });
}

function admission(settings: HttpSettings, { access, audit, clock, defaultZone }: GuardParts) {
  const { requestsPerSecond } = settings;
  const rate = new RateLimit(requestsPerSecond, 5 * requestsPerSecond, clock);
  const auditRequired = settings.audit?.required === true;

  /** Counts a request of the holder or address `key`. */
  const limit = (key: string): void => {
    const wait = rate.take(key);
    if (wait === 0) return;
    throw new Problem('too-many-requests', `${key} may send ${requestsPerSecond} requests a second`, {
      headers: { 'retry-after': String(wait) },
    });
  };

  const admit = (request: FastifyRequest, caller: Caller): void => {
    request.caller = caller;
    // This machine's own users have no limit until there are grants to tell them apart.
    if (caller.id !== null || !isLoopback(caller.address)) limit(caller.id ?? caller.address);
    request.target = targetOf(request, defaultZone);
    if (request.is404) return;
    const { operation, servicesInBody = false } = request.routeOptions.config;
    access.authorise(caller, { operation: operation!, ...(!servicesInBody && { where: request.target }) });
    if (auditRequired && audit?.isFailing === true && (operation === 'write' || operation === 'admin')) {
      // The refusal is audited in its turn, which shows whether the log works again.
      throw new Problem('audit-unavailable', 'the audit log cannot be written, and no write is taken without it', {
        headers: { 'retry-after': '5' },
      });
    }
  };
  return { limit, admit };
}

/** Throws RegistryError `invalid` where a label is none. */
function targetOf(request: FastifyRequest, defaultZone: string): Target {
  const { service, id } = request.params as { service?: string; id?: string };
  const { zone, service: filter } = request.query as { zone?: unknown; service?: unknown };
  const named = service ?? (typeof filter === 'string' ? filter : undefined);
  return {
    zone: typeof zone === 'string' ? foldZone(zone) : defaultZone,
    service: named === undefined ? null : parseServiceName(named),
    id: id === undefined ? null : parseLabel(id, 'id'),
  };
}
