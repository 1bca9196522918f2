/** The programs of others that judge ours: dig, unbound, NSD. Where one is missing its tests say so and pass, unless required. */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/** Debian puts servers into sbin, which is not on everybody's PATH. */
const searchPath = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The path of a program; null where it is not installed. */
export function findTool(name: string): string | null {
  for (const directory of searchPath) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not here
    }
  }
  return null;
}

/**
 * True when the test must be passed over: a tool is missing and nobody requires it. Says so aloud. With
 * SIGNPOST_REQUIRE_TOOLS=1 (the gate) a missing tool is a failure.
 */
export function toolsMissing(...names: readonly string[]): boolean {
  const missing = names.filter((name) => findTool(name) === null);
  if (missing.length === 0) return false;
  const message = `not installed: ${missing.join(', ')}`;
  if (process.env['SIGNPOST_REQUIRE_TOOLS'] === '1') throw new Error(message);
  console.warn(`passed over, ${message}`);
  return true;
}

/** Runs a tool to its end and returns what it printed; rejects on another exit code than 0. */
export async function runTool(name: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(findTool(name) ?? name, args, { maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}
