/** `signpost drain`: takes an instance out of DNS and says when nobody can still hold an answer that names it. */
import type { RemovalReply } from '../http/schema/instance.ts';
import { defineCommand } from './command.ts';
import { exitCodes } from './failure.ts';
import { apiPath, openApi, serverOption, zoneOption } from './http-client.ts';

export const drain = defineCommand({
  name: 'drain',
  usage: 'NAME ID [--wait]',
  summary: 'Take the instance ID of the service NAME out of DNS, and say when it is safe to stop it.',
  options: {
    wait: { meaning: 'Return only when it is safe.' },
    ...zoneOption,
    ...serverOption,
  },
  example: 'signpost drain web web-1 --wait && systemctl stop web',
  positionals: [2, 2],
  async run({ values, positionals: [service, id] }, terminal) {
    const path = apiPath('services', service!, 'instances', id!, 'drain');
    const response = await openApi(values.server, terminal).request('POST', path, { query: { zone: values.zone } });
    const { safeToStopAt } = (await response.json()) as RemovalReply;
    terminal.stdout.write(`${service!} ${id!} draining, safe to stop at ${safeToStopAt}\n`);
    if (values.wait) {
      // By the server's clock, which may be hours off ours; `date` has whole seconds, so this waits up to one more.
      const serverTime = Date.parse(response.headers.get('date') ?? '') || Date.now();
      await terminal.pause(Math.max(0, Date.parse(safeToStopAt) - serverTime));
      terminal.stdout.write(`${service!} ${id!} safe to stop\n`);
    }
    return exitCodes.success;
  },
});
