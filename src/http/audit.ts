/** The audit log: a JSON line for every write, taken or refused, appended and never changed. Renewals are no writes. */
import { type FileHandle, open, rename } from 'node:fs/promises';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';

export interface AuditEntry {
  /** The grant's holder; null: nobody we know. */
  readonly who: string | null;
  readonly peer: string;
  /** Method and route: `PUT /v1/services/:service/instances/:id`. */
  readonly what: string;
  readonly zone: string | null;
  readonly service: string | null;
  readonly id: string | null;
  /** HTTP status of the answer, and the problem's code where there was one. */
  readonly status: number;
  readonly code?: string;
}

export interface Audit {
  /** Takes the line; it is in the file soon after. */
  write(entry: AuditEntry): void;
  /** True from a failed append until the next one that works. */
  readonly isFailing: boolean;
  /** Writes what is waiting. */
  close(): Promise<void>;
}

/** Octets after which a file becomes `FILE.1`, that one `FILE.2`, and so on to `FILE.9`. */
const largest = 64 * 1024 * 1024;
const kept = 9;
/** Lines that may wait for a slow disk; what comes beyond is lost, and that is logged. */
const mostWaiting = 50_000;

export function openAudit(file: string, clock: Clock, log: Logger, rotateAt = largest): Audit {
  let waiting: string[] = [];
  let writing: Promise<void> | null = null;
  let handle: FileHandle | null = null;
  let size = 0;
  let failing = false;
  let lost = 0;

  const append = async (): Promise<void> => {
    // One write call for all lines that came while the one before was on its way.
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      try {
        if (handle !== null && size >= rotateAt) {
          await handle.close();
          handle = null;
          await rotate(file);
        }
        if (handle === null) {
          handle = await open(file, 'a', 0o600);
          ({ size } = await handle.stat());
        }
        // A line that was half written must not run into the next.
        const octets = Buffer.from((failing ? '\n' : '') + lines.join(''));
        await handle.appendFile(octets);
        size += octets.length;
        if (failing) log.info({ file, lost }, 'the audit log works again');
        failing = false;
        lost = 0;
      } catch (error) {
        lost += lines.length;
        if (!failing) log.error({ err: error, file }, 'cannot write the audit log');
        failing = true;
      }
    }
    writing = null;
  };

  return {
    write(entry) {
      if (waiting.length < mostWaiting)
        waiting.push(`${JSON.stringify({ time: new Date(clock.wall()).toISOString(), ...entry })}\n`);
      else lost += 1;
      writing ??= Promise.resolve().then(append);
    },
    get isFailing() {
      return failing;
    },
    async close() {
      await writing;
      await handle?.close();
    },
  };
}

async function rotate(file: string): Promise<void> {
  for (let number = kept - 1; number >= 0; number--) {
    const from = number === 0 ? file : `${file}.${number}`;
    await rename(from, `${file}.${number + 1}`).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    });
  }
}
