/**
 * A program of the user as a child process in a process group of its own, so that it is stopped by us and not with us.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';

export interface Program {
  /**
   * Resolves with the exit code: its own, 128 + n for signal n, 127 when it was not found, 126 when it cannot be run.
   */
  readonly ended: Promise<number>;
  /** Sends a signal to the program and its children; nothing when it has ended. */
  kill(signal: NodeJS.Signals): void;
}

/** Starts a program without a shell; it has our standard streams. */
export function startProgram(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Program {
  const child = spawn(command, args, { stdio: 'inherit', env, detached: true });
  // Whatever ends this process, the program does not stay behind where nobody looks after it.
  const killLast = (): void => kill(child, 'SIGKILL');
  process.on('exit', killLast);
  const ended = new Promise<number>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EACCES' ? 126 : 127));
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
  void ended.then(() => process.off('exit', killLast));
  return { ended, kill: (signal) => kill(child, signal) };
}

function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal); // the whole group
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has ended already
  }
}
