/** `signpost watch`: prints what happens as it happens, and misses nothing when the connection breaks. */
import type { InstanceReply } from '../http/schema/instance.ts';
import { defineCommand, type Terminal } from './command.ts';
import { readEvents, type ServerEvent } from './event-stream.ts';
import { UnreachableError } from './failure.ts';
import { apiPath, openApi, serverOption, zoneOption } from './http-client.ts';
import { printable } from './table.ts';

/** Milliseconds before a broken connection is made again. */
const pauseBeforeReturn = 1000;

export const watch = defineCommand({
  name: 'watch',
  usage: '[NAME] [--json]',
  summary: 'Print changes as they happen, of all services or of the service NAME, until it is interrupted.',
  options: {
    json: { meaning: 'Print one JSON object an event.' },
    ...zoneOption,
    ...serverOption,
  },
  example: 'signpost watch web',
  positionals: [0, 1],
  async run({ values, positionals: [service] }, terminal) {
    const api = openApi(values.server, terminal);
    const print = values.json ? printJson : printLine;
    for (let lastId = '', connected = false; ; ) {
      try {
        const response = await api.request('GET', apiPath('events'), {
          query: { zone: values.zone, service },
          headers: { accept: 'text/event-stream', ...(lastId !== '' && { 'last-event-id': lastId }) },
        });
        connected = true;
        for await (const event of eventsOf(response)) {
          lastId = event.id;
          if (event.data !== '') terminal.stdout.write(print(event));
        }
      } catch (error) {
        if (!connected || !(error instanceof UnreachableError)) throw error;
      }
      await comeBack(terminal);
    }
  },
});

/** The events of the response; a connection that breaks ends them like one that is closed. */
async function* eventsOf({ body }: Response): AsyncGenerator<ServerEvent> {
  if (body === null) return;
  try {
    yield* readEvents(body);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // fetch's name for a broken connection
  }
}

async function comeBack({ stderr, pause }: Terminal): Promise<void> {
  stderr.write('signpost watch: the connection is lost, trying again\n');
  await pause(pauseBeforeReturn);
}

/** What the lines show of an event's data. */
interface EventData {
  readonly time?: string;
  readonly service?: string | null;
  readonly instance?: InstanceReply;
}

function printLine({ type, data }: ServerEvent): string {
  if (type === 'reset') return 'reset: some changes were missed; signpost list shows what is there now\n';
  const { time = '', service, instance } = JSON.parse(data) as EventData;
  const words = [time, type, service ?? 'everything'];
  if (instance) words.push(instance.id, instance.status, instance.addresses.join(','), instance.tags.join(','));
  return `${printable(words.filter((word) => word !== '').join('  '))}\n`;
}

function printJson({ type, data }: ServerEvent): string {
  return `${type === 'reset' ? '{"kind":"reset"}' : data}\n`;
}
