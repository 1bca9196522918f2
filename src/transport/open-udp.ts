/** Chooses the UDP implementation. */
import type { UdpOptions, UdpTransport } from './udp.ts';
import { PortableUdp } from './udp-portable.ts';

/**
 * Opens the transport. `auto`: batched where that works, else portable, and then `whyPortable` says why; `batched`
 * rejects where it does not work.
 */
export async function openUdp(
  io: 'auto' | UdpTransport['io'],
  options: UdpOptions,
): Promise<{ readonly udp: UdpTransport; readonly whyPortable?: string }> {
  if (io === 'portable') return { udp: new PortableUdp(options) };
  try {
    // Loaded only here: koffi is optional, and only Linux has these system calls.
    const { openBatchedUdp } = await import('./batched/udp-batched.ts');
    return { udp: await openBatchedUdp(options) };
  } catch (error) {
    if (io === 'batched') throw error;
    return { udp: new PortableUdp(options), whyPortable: (error as Error).message };
  }
}
