/** `signpost resolve`: asks DNS as a client would, and shows what that client would pick. */
import { SrvError } from '../client/error.ts';
import type { SrvRecord } from '../client/lookup.ts';
import { orderSrv } from '../client/order.ts';
import { createResolver } from '../client/resolver.ts';
import { readServer } from '../client/server-address.ts';
import { defineCommand, readWholeNumber } from './command.ts';
import { exitCodes, UnreachableError, UsageError } from './failure.ts';
import { absoluteName } from './service-name.ts';
import { printTable } from './table.ts';

export const resolve = defineCommand({
  name: 'resolve',
  usage: 'NAME [--count N] [--dns H:P] [--json]',
  summary: 'Show what a client of NAME would pick: priority, weight, address and port.',
  options: {
    count: { value: 'N', meaning: 'How many picks to show, each one drawn anew; 1 when left out.' },
    dns: { value: 'H:P', meaning: 'The DNS server, any will do (SIGNPOST_DNS, 127.0.0.1:8053).' },
    zone: { value: 'Z', meaning: 'Zone of a NAME that has no dot; svc.internal when left out.' },
    json: { meaning: 'Print one JSON object a pick.' },
  },
  example: 'signpost resolve _web._tcp.svc.internal --count 10',
  positionals: [1, 1],
  async run({ values, positionals: [name] }, { env, stdout }) {
    const count = readWholeNumber('--count', values.count ?? '1', 1, 1_000_000);
    const servers = (values.dns ?? (env['SIGNPOST_DNS'] || '127.0.0.1:8053')).split(',');
    servers.forEach(refuseNoServer);
    using resolver = createResolver({ servers });
    const { records } = await resolver.resolveSrv(absoluteName(name!, values.zone)).catch(translate);
    const reachable = records.filter(({ addresses }) => addresses.length > 0);
    if (reachable.length === 0) throw new Error(`${name!}: no target of its SRV records has an address`);
    const picks = Array.from({ length: count }, () => orderSrv(reachable)[0]!);
    stdout.write(values.json ? picks.map(printJson).join('') : printPicks(picks));
    return exitCodes.success;
  },
});

function printPicks(picks: readonly SrvRecord[]): string {
  const rows = picks.map(({ priority, weight, addresses, port }) => [priority, weight, addresses[0], port].map(String));
  return printTable(['PRIORITY', 'WEIGHT', 'ADDRESS', 'PORT'], rows);
}

function printJson({ priority, weight, target, addresses, port }: SrvRecord): string {
  return `${JSON.stringify({ priority, weight, target, address: addresses[0], port })}\n`;
}

function refuseNoServer(text: string): void {
  try {
    readServer(text);
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function translate(error: unknown): never {
  if (!(error instanceof SrvError)) throw error;
  const isUnreachable = error.code === 'SRV_TIMEOUT' || error.code === 'SRV_NETWORK';
  throw new (isUnreachable ? UnreachableError : Error)(error.message, { cause: error });
}
