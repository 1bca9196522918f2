/** `signpost list`: the services of a zone, or the instances of one service. */
import type { InstanceReply, InstancesReply } from '../http/schema/instance.ts';
import type { ServicesReply } from '../http/schema/service.ts';
import { defineCommand } from './command.ts';
import { exitCodes } from './failure.ts';
import { apiPath, openApi, serverOption, zoneOption } from './http-client.ts';
import { printTable } from './table.ts';

export const list = defineCommand({
  name: 'list',
  usage: '[NAME] [--tag T] [--status S] [--json]',
  summary: 'List the services, or the instances of the service NAME.',
  options: {
    tag: { value: 'T', meaning: 'Only instances with this tag.' },
    status: { value: 'S', meaning: 'Only instances that are unknown, passing, warning, critical or draining.' },
    json: { meaning: 'Print the answer of the server.' },
    ...zoneOption,
    ...serverOption,
  },
  example: 'signpost list web --status passing',
  positionals: [0, 1],
  async run({ values, positionals: [service] }, terminal) {
    const api = openApi(values.server, terminal);
    const query = { zone: values.zone, tag: values.tag, status: values.status };
    if (service === undefined) {
      const reply = await api.json<ServicesReply>('GET', apiPath('services'), { query });
      terminal.stdout.write(values.json ? `${JSON.stringify(reply)}\n` : printServices(reply));
    } else {
      const reply = await api.json<InstancesReply>('GET', apiPath('services', service, 'instances'), { query });
      terminal.stdout.write(values.json ? `${JSON.stringify(reply)}\n` : printInstances(reply));
    }
    return exitCodes.success;
  },
});

function printServices({ services }: ServicesReply): string {
  const rows = services.map((each) => [each.service, each.zone, `${each.instances}`, `${each.answerable}`]);
  return printTable(['SERVICE', 'ZONE', 'INSTANCES', 'ANSWERABLE'], rows);
}

function printInstances({ instances }: InstancesReply): string {
  const rows = instances.map((instance) => [
    instance.id,
    instance.status,
    instance.addresses.join(','),
    portsOf(instance),
    `${instance.priority}`,
    `${instance.weight}`,
    instance.tags.join(','),
    instance.lease === null ? 'permanent' : `${instance.lease} s`,
  ]);
  return printTable(['ID', 'STATUS', 'ADDRESS', 'PORT', 'PRIORITY', 'WEIGHT', 'TAGS', 'LEASE'], rows);
}

/** `8080,grpc=9090/udp`: tcp goes without saying. */
function portsOf({ port, protocol, ports }: InstanceReply): string {
  const shown = (number: number, spoken: string): string => (spoken === 'tcp' ? `${number}` : `${number}/${spoken}`);
  const named = Object.entries(ports).map(([name, entry]) => `${name}=${shown(entry.port, entry.protocol)}`);
  return [...(port === null ? [] : [shown(port, protocol)]), ...named].join(',');
}
