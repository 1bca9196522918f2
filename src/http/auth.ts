/**
 * Who is calling, and may they do this? Both are answered here for every route, and for every lease of a batch. Until
 * there are grants, whoever is on this machine may do everything, and the server does not listen anywhere else.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { isLoopback, type Network, networkOf, peerAddress } from './address.ts';
import type { Grants } from './grants.ts';
import { Problem } from './problem.ts';
import type { HttpSettings } from './settings.ts';
import type { Grant, GrantedOperation } from './tokens.ts';

/** Everyone may do what is `open`; all else is as grants say. */
export type Operation = 'open' | GrantedOperation;

export interface Caller {
  /** The grant's holder; null: nobody we know. */
  readonly id: string | null;
  /** Where the call came from, canonical text. */
  readonly address: string;
  /** Null: no grant. */
  readonly scope: Scope | null;
  /** True while there are no grants and the call came from this machine. */
  readonly mayAll: boolean;
}

/** What a caller is about to do. */
export interface Action {
  readonly operation: Operation;
  /** Zone, and service (null: all of it), that it is about; absent where the body names many, each to be judged. */
  readonly where?: { readonly zone: string; readonly service: string | null };
  /** Addresses to be registered. */
  readonly addresses?: readonly string[];
}

export interface Access {
  /** The caller; null where no grant has the token that is shown. Throws Problem `unauthorized` for a bad header. */
  authenticate(headers: IncomingHttpHeaders, socket: Socket): Caller | null;
  /** Null when the caller may do it; else Problem `unauthorized` or `forbidden`. */
  refusal(caller: Caller, action: Action): Problem | null;
  /** Throws what `refusal` returns. */
  authorise(caller: Caller, action: Action): void;
  /** True when the addresses to be registered matter. */
  limitsAddresses(caller: Caller): boolean;
  /**
   * True when the caller may change an instance that `owner` registered: nobody else may as long as the owner has a
   * grant, except those who may do everything.
   */
  mayTakeOver(caller: Caller, owner: string): boolean;
}

export function createAccess(grants: Grants, reads: HttpSettings['reads']): Access {
  const refusalOf = (caller: Caller, action: Action): Problem | null => {
    const { operation } = action;
    if (operation === 'open' || caller.mayAll || (operation === 'read' && reads === 'open')) return null;
    if (caller.scope === null) return unauthorized(`this call takes a token: ${withToken}`);
    const missing = missingFrom(caller.scope, action);
    return missing === null ? null : new Problem('forbidden', `${caller.id!} ${missing}`);
  };
  return {
    authenticate(headers, socket) {
      const address = peerAddress(socket.remoteAddress);
      const token = tokenOf(headers.authorization);
      const grant = token === null ? grants.ofCertificate(certifiedNames(socket)) : grants.ofToken(token);
      if (grant !== null) return { id: grant.id, address, scope: scopeOf(grant), mayAll: false };
      return token === null ? { id: null, address, scope: null, mayAll: grants.isEmpty && isLoopback(address) } : null;
    },
    refusal: refusalOf,
    authorise(caller, action) {
      const refusal = refusalOf(caller, action);
      if (refusal !== null) throw refusal;
    },
    limitsAddresses: ({ scope }) => scope !== null && scope.networks !== null,
    mayTakeOver: (caller, owner) =>
      caller.mayAll || caller.scope?.operations.has('admin') === true || !grants.has(owner),
  };
}

const withToken = 'send it as "authorization: Bearer TOKEN"';

export function unauthorized(detail: string): Problem {
  // RFC 6750 section 3
  return new Problem('unauthorized', detail, { headers: { 'www-authenticate': 'Bearer realm="signpost"' } });
}

/** A grant's scopes in a form that is quick to ask. */
export interface Scope {
  readonly operations: ReadonlySet<Operation>;
  readonly zones: readonly string[] | null;
  readonly services: readonly string[];
  readonly networks: readonly Network[] | null;
}

const scopes = new WeakMap<Grant, Scope>();

function scopeOf(grant: Grant): Scope {
  const known = scopes.get(grant);
  if (known !== undefined) return known;
  const { operations = ['read', 'write'], zones = null, services, addresses = null } = grant.scopes;
  const networks = addresses?.map((network) => networkOf(network)!) ?? null;
  const scope: Scope = { operations: new Set<Operation>(operations), zones, services, networks };
  scopes.set(grant, scope);
  return scope;
}

/** What an action takes that the scope does not give, as the end of a sentence; null: it gives all. */
function missingFrom(scope: Scope, { operation, where, addresses }: Action): string | null {
  if (scope.operations.has('admin')) return null;
  if (!scope.operations.has(operation)) return `may not do this: it takes the operation "${operation}"`;
  if (where === undefined) return null;
  const { zone, service } = where;
  if (scope.zones !== null && !scope.zones.includes(zone)) return `has no grant for zone ${zone}`;
  if (!scope.services.some((pattern) => matches(pattern, service)))
    return `has no grant for ${service === null ? 'all services' : `service ${service}`}`;
  const outside = scope.networks !== null && addresses?.find((address) => !scope.networks!.some((has) => has(address)));
  return outside ? `may not register the address ${outside}` : null;
}

/** Only `*` itself covers all services at once. */
function matches(pattern: string, service: string | null): boolean {
  if (service === null) return pattern === '*';
  return pattern.endsWith('*') ? service.startsWith(pattern.slice(0, -1)) : service === pattern;
}

function tokenOf(header: string | undefined): string | null {
  if (header === undefined) return null;
  const [, token] = /^Bearer +([\w~+/.=-]{1,512}) *$/i.exec(header) ?? [];
  if (token === undefined) throw unauthorized(`the authorization header is no bearer token: ${withToken}`);
  return token;
}

const certified = new WeakMap<Socket, readonly string[]>();

/** The subject alternative names (`DNS:...`, `URI:...`) of the client certificate, which TLS has verified. */
function certifiedNames(socket: Socket): readonly string[] {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return [];
  let names = certified.get(socket);
  if (names === undefined) {
    const text = socket.getPeerCertificate().subjectaltname ?? '';
    // Names with odd characters in them come in quotes, and could hold what looks like further names.
    names = text.includes('"') ? [] : text.split(', ');
    certified.set(socket, names);
  }
  return names;
}
