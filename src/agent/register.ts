/** `register`: makes a registration, and waits for what its first attempt brings. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { holdFor } from '../client/hold.ts';
import { systemClock } from '../runtime/clock.ts';
import { RegistryApi } from './api.ts';
import type { RegisterOptions } from './options.ts';
import { Registration } from './registration.ts';

const maxLabel = 63;

/**
 * Registers an instance and keeps it registered until `shutdown` or `deregister`. Resolves after the first attempt:
 * where that failed because no server could be reached, the agent keeps trying, and the program may run meanwhile
 * (`failFast` makes that a rejection). Rejects with `AgentError` when the server will never take the registration.
 */
export async function register(options: RegisterOptions): Promise<Registration> {
  const { server, zone, tokenFile } = options;
  const servers = server ?? (process.env['SIGNPOST_URL'] || 'http://127.0.0.1:8054');
  const api = new RegistryApi({
    servers: typeof servers === 'string' ? servers.split(',') : servers,
    zone,
    token: options.token ?? process.env['SIGNPOST_TOKEN'],
    tokenFile,
    fetch: options.fetch ?? fetch,
    clock: options.clock ?? systemClock,
  });
  let registration!: Registration;
  await holdFor(
    new Promise<void>((resolve) => {
      registration = new Registration(options, options.id ?? makeId(options), api, resolve);
    }),
  );
  const { lastError } = registration;
  if (lastError === null || (lastError.code !== 'AGENT_REFUSED' && options.failFast !== true)) return registration;
  await registration.deregister();
  throw lastError;
}

/** Host name and port, for people, and eight random digits, so that no other process has it. */
function makeId({ port, ports = {} }: RegisterOptions): string {
  const number = port ?? Object.values(ports)[0]?.port ?? 0;
  const suffix = `-${number}-${randomBytes(4).toString('hex')}`;
  const host = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '');
  return `${host.slice(0, maxLabel - suffix.length).replace(/-+$/, '') || 'host'}${suffix}`;
}
