/** How a command fails: each class of failure has one exit code (sysexits.h), translated once, in commands.ts. */
import { ConfigError } from '../config/error.ts';

export const exitCodes = { success: 0, failure: 1, usage: 64, unreachable: 69, config: 78 } as const;

/** The command line is wrong. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}

/** No server answered. */
export class UnreachableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnreachableError';
  }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof UnreachableError) return exitCodes.unreachable;
  if (error instanceof ConfigError) return exitCodes.config;
  return exitCodes.failure;
}
