/** The check `tcp`: passes when a connection is accepted. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TcpCheck } from '../registry/check.ts';
import type { Probe } from './probe.ts';

export const probeTcp: Probe<TcpCheck> = async ({ address, port }, _, signal) => {
  const socket = connect({ host: address, port });
  try {
    await once(socket, 'connect', { signal });
    return 'passing';
  } finally {
    socket.destroy();
  }
};
