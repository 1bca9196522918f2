/** `signpost explain`: why an instance is, or is not, in the answer to a question. */
import { defineCommand } from './command.ts';
import { exitCodes } from './failure.ts';
import { apiPath, openApi, serverOption } from './http-client.ts';
import { absoluteName } from './service-name.ts';
import { printable, printTable } from './table.ts';

/** What is shown of the server's explanation. */
interface Explanation {
  readonly name: string;
  readonly type: string;
  /** Null: the server has no such zone. */
  readonly zone: { readonly name: string; readonly serial: number } | null;
  /** What the labels stand for; null where no registration could make the name. */
  readonly meaning: Readonly<Record<string, string | null>> | null;
  readonly service: {
    readonly name: string;
    readonly mode: string;
    readonly emptyPolicy: string;
    readonly instances: number;
    readonly answerable: number;
  } | null;
  readonly candidates: readonly {
    readonly id: string;
    readonly answered: boolean;
    readonly reasons: readonly { readonly text: string }[];
    readonly status: string;
    readonly priority: number;
    readonly weight: number;
    readonly addresses: readonly string[];
    readonly port: number | null;
  }[];
  readonly outcome: string;
  readonly records: readonly {
    readonly name: string;
    readonly ttl: number;
    readonly type: string;
    readonly data: string;
  }[];
  readonly extendedError: { readonly text: string } | null;
}

export const explain = defineCommand({
  name: 'explain',
  usage: 'NAME [TYPE] [--json]',
  summary: 'Say how NAME is parsed, which instances are in the answer and why the others are not.',
  options: {
    zone: { value: 'Z', meaning: 'Zone of a NAME that has no dot; svc.internal when left out.' },
    json: { meaning: 'Print the answer of the server.' },
    ...serverOption,
  },
  example: 'signpost explain _web._tcp.svc.internal SRV',
  positionals: [1, 2],
  async run({ values, positionals: [name, type = 'SRV'] }, terminal) {
    const query = { name: absoluteName(name!, values.zone), type };
    const explanation = await openApi(values.server, terminal).json<Explanation>('GET', apiPath('explain'), { query });
    terminal.stdout.write(values.json ? `${JSON.stringify(explanation)}\n` : printExplanation(explanation));
    return exitCodes.success;
  },
});

function printExplanation(explanation: Explanation): string {
  const { name, type, zone, meaning, service, candidates, outcome, records, extendedError } = explanation;
  const lines = [
    `${name} ${type}: ${outcome}`,
    zone === null ? 'zone: none here answers for this name' : `zone: ${zone.name}, serial ${zone.serial}`,
    `name: ${meaning === null ? 'none that registrations make' : printMeaning(meaning)}`,
  ];
  if (service !== null) {
    const counts = `${service.answerable} of ${service.instances} instances answerable`;
    lines.push(`service: ${service.name}, ${counts}, mode ${service.mode}, empty policy ${service.emptyPolicy}`);
  }
  if (extendedError !== null) lines.push(`extended error: ${extendedError.text}`);
  const parts = [lines.map((line) => `${printable(line)}\n`).join('')];
  if (candidates.length > 0) parts.push(printCandidates(candidates));
  if (records.length > 0) {
    const rows = records.map((record) => [record.name, `${record.ttl}`, record.type, record.data]);
    parts.push(printTable(['RECORD', 'TTL', 'TYPE', 'DATA'], rows));
  }
  return parts.join('\n');
}

/** `protocol (service web, protocol tcp)`. */
function printMeaning({ kind, ...parts }: NonNullable<Explanation['meaning']>): string {
  const known = Object.entries(parts).flatMap(([part, value]) => (value === null ? [] : [`${part} ${value}`]));
  return known.length === 0 ? kind! : `${kind!} (${known.join(', ')})`;
}

function printCandidates(candidates: Explanation['candidates']): string {
  const rows = candidates.map(({ id, answered, status, priority, weight, addresses, port, reasons }) => [
    id,
    answered ? 'yes' : 'no',
    status,
    `${priority}`,
    `${weight}`,
    addresses.join(','),
    port === null ? '-' : `${port}`,
    reasons.map(({ text }) => text).join('; '),
  ]);
  return printTable(['INSTANCE', 'ANSWERED', 'STATUS', 'PRIORITY', 'WEIGHT', 'ADDRESS', 'PORT', 'WHY'], rows);
}
