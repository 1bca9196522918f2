/** `signpost register`: registers an instance once; nobody renews its lease unless something else does. */
import { isIP } from 'node:net';
import type { RegistrationReply } from '../http/schema/instance.ts';
import { defineCommand, readNumber, readWholeNumber } from './command.ts';
import { exitCodes, UsageError } from './failure.ts';
import { apiPath, openApi, serverOption, zoneOption } from './http-client.ts';

export const register = defineCommand({
  name: 'register',
  usage:
    'NAME --port N [--address A]... [--id I] [--tag T]... [--meta K=V]... [--weight N] [--priority N] [--ttl N] ' +
    '[--lease N | --permanent]',
  summary: 'Register an instance of the service NAME once, and print the names that find it.',
  options: {
    'port': { value: 'N', meaning: 'Its port, 1 to 65535.' },
    'address': { value: 'A', repeat: true, meaning: 'Its IPv4 or IPv6 address; that of the caller when left out.' },
    'id': { value: 'I', meaning: 'Its id within the service; the server picks one when left out.' },
    'protocol': { value: 'P', meaning: 'tcp or udp; tcp when left out.' },
    'tag': { value: 'T', repeat: true, meaning: 'A tag.' },
    'meta': { value: 'K=V', repeat: true, meaning: 'A key and its value.' },
    'weight': { value: 'N', meaning: 'Share among instances of one priority, 0 to 65535; 100 when left out.' },
    'priority': { value: 'N', meaning: 'Lower is preferred, 0 to 65535; 10 when left out.' },
    'ttl': { value: 'N', meaning: 'TTL of its answers in seconds, 1 to 86400.' },
    'lease': { value: 'N', meaning: 'Seconds after which it is gone unless renewed, 2 to 86400.' },
    'permanent': { meaning: 'Without a lease: it stays until it is deregistered.' },
    'json': { meaning: 'Print the answer of the server.' },
    ...zoneOption,
    ...serverOption,
  },
  example: 'signpost register web --port 8080 --address 10.0.0.7 --tag v2 --permanent',
  positionals: [1, 1],
  async run({ values, positionals: [service] }, terminal) {
    const whole = (name: 'port' | 'weight' | 'priority' | 'ttl', min: number, max: number): { [name]?: number } =>
      values[name] === undefined ? {} : { [name]: readWholeNumber(`--${name}`, values[name], min, max) };
    if (values.port === undefined) throw new UsageError('wanted --port N');
    if (values.permanent && values.lease) throw new UsageError('--lease and --permanent exclude each other');
    const addresses = values.address ?? [];
    const wrong = addresses.find((address) => isIP(address) === 0);
    if (wrong !== undefined) throw new UsageError(`--address wants an IPv4 or IPv6 address, found ${wrong}`);
    const body = {
      ...whole('port', 1, 65_535),
      ...(addresses.length > 0 && { addresses }),
      ...(values.protocol !== undefined && { protocol: values.protocol }),
      ...whole('priority', 0, 65_535),
      ...whole('weight', 0, 65_535),
      ...(values.tag && { tags: values.tag }),
      ...(values.meta && { meta: Object.fromEntries(values.meta.map(readPair)) }),
      ...whole('ttl', 1, 86_400),
      ...(values.lease !== undefined && { lease: readNumber('--lease', values.lease, 2, 86_400) }),
      ...(values.permanent && { permanent: true }),
    };
    const api = openApi(values.server, terminal);
    const [method, path] = values.id === undefined
      ? (['POST', apiPath('services', service!, 'instances')] as const)
      : (['PUT', apiPath('services', service!, 'instances', values.id)] as const);
    const registered = await api.json<RegistrationReply>(method, path, { query: { zone: values.zone }, body });
    terminal.stdout.write(values.json ? `${JSON.stringify(registered)}\n` : printRegistered(registered));
    for (const warning of registered.warnings) terminal.stderr.write(`signpost register: warning: ${warning}\n`);
    return exitCodes.success;
  },
});

function printRegistered({ service, id, generation, lease, names }: RegistrationReply): string {
  const until = lease === null ? 'permanent' : `lease ${lease.seconds} s`;
  return `${service} ${id} generation ${generation}, ${until}\n${names.map((name) => `  ${name}\n`).join('')}`;
}

/** Reads `KEY=VALUE` of --meta. */
export function readPair(text: string): [string, string] {
  const end = text.indexOf('=');
  if (end < 1) throw new UsageError(`--meta wants KEY=VALUE, found ${text}`);
  return [text.slice(0, end), text.slice(end + 1)];
}
