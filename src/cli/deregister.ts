/** `signpost deregister`: removes an instance. */
import { defineCommand } from './command.ts';
import { exitCodes } from './failure.ts';
import { apiPath, openApi, serverOption, zoneOption } from './http-client.ts';

export const deregister = defineCommand({
  name: 'deregister',
  usage: 'NAME ID [--generation N]',
  summary: 'Remove the instance ID of the service NAME at once; drain it first if it still serves.',
  options: {
    generation: { value: 'N', meaning: 'Only if it is still this registration, not a later one.' },
    ...zoneOption,
    ...serverOption,
  },
  example: 'signpost deregister web web-1',
  positionals: [2, 2],
  async run({ values, positionals: [service, id] }, terminal) {
    const path = apiPath('services', service!, 'instances', id!);
    const query = { zone: values.zone, generation: values.generation };
    await openApi(values.server, terminal).request('DELETE', path, { query });
    terminal.stdout.write(`${service!} ${id!} deregistered\n`);
    return exitCodes.success;
  },
});
