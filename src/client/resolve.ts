/** `resolveSrv` for those who want one answer and no resolver of their own. */
import type { ResolverOptions } from './options.ts';
import { createResolver, type ResolveOptions, type Resolver, type SrvAnswer } from './resolver.ts';

let shared: Resolver | null = null;

/**
 * The SRV records of `name` with TTL and addresses, from memory while they are valid. With options of a resolver it
 * asks through one of its own, which remembers nothing. Rejects with `SrvError`.
 */
export async function resolveSrv(name: string, options: ResolveOptions & ResolverOptions = {}): Promise<SrvAnswer> {
  const { signal, fresh, ...resolverOptions } = options;
  const call: ResolveOptions = { ...(signal && { signal }), ...(fresh !== undefined && { fresh }) };
  if (Object.keys(resolverOptions).length === 0) {
    shared ??= createResolver();
    return shared.resolveSrv(name, call);
  }
  const own = createResolver(resolverOptions);
  try {
    return await own.resolveSrv(name, call);
  } finally {
    own.close();
  }
}
