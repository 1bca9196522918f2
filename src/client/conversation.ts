/** A socket that serves one query: it ends once, with a reply, an error or the caller's signal, and is closed then. */
import type { EventEmitter } from 'node:events';

export interface Conversation {
  readonly replied: (message: Buffer) => void;
  readonly failed: (error: Error) => void;
}

/**
 * Resolves or rejects with what `begin`, which asks and listens on the socket, says that came of it. Rejects also when
 * the socket fails or the signal aborts. The socket does not keep the process alive.
 */
export function converse(
  socket: EventEmitter & { unref(): unknown },
  close: () => void,
  signal: AbortSignal,
  begin: (conversation: Conversation) => void,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const settle = (end: () => void): void => {
      if (isOver) return;
      isOver = true;
      signal.removeEventListener('abort', abort);
      socket.removeAllListeners().on('error', () => undefined);
      close();
      end();
    };
    const failed = (error: Error): void => settle(() => reject(error));
    const abort = (): void => failed(new Error('aborted'));
    signal.addEventListener('abort', abort);
    socket.unref();
    socket.on('error', failed);
    begin({ replied: (message) => settle(() => resolve(message)), failed });
  });
}
