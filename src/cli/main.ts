#!/usr/bin/env node
/** The `signpost` program: hands the process to the command that its arguments name. */
import { setTimeout } from 'node:timers/promises';
import { runProgram } from './commands.ts';

// A reader that has seen enough (`signpost watch | head -1`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await runProgram(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  fetch,
  pause: setTimeout,
});
