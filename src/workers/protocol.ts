/** What the main thread and a DNS worker say to each other. Messages of one direction arrive in the order they were sent. */
import type { Counters } from '../responder/counters.ts';
import type { ResponderSettings } from '../responder/settings.ts';
import type { Endpoint } from '../runtime/endpoint.ts';
import type { TransportCounters } from '../transport/counters.ts';
import type { TcpLimits } from '../transport/tcp-limits.ts';
import type { UdpTransport } from '../transport/udp.ts';
import type { ZoneChange } from '../zone/change.ts';
import { decodeZoneChange, encodeZoneChange } from '../zone/encode.ts';

/** What a worker is started with. */
export interface WorkerSettings {
  readonly io: 'auto' | UdpTransport['io'];
  /** True when other workers answer UDP at the same endpoints. */
  readonly shared: boolean;
  /** Null: this worker does not serve TCP. */
  readonly tcp: TcpLimits | null;
  readonly responder: ResponderSettings;
  readonly logLevel: string;
  /** Memory of its counters: `Counters` and `TransportCounters`, which outlive the worker. */
  readonly counters: CounterMemory;
}

/** The memory behind a `Counters` and a `TransportCounters`. */
export interface CounterMemory {
  readonly responder: ConstructorParameters<typeof Counters>[0];
  readonly transport: ConstructorParameters<typeof TransportCounters>[0];
}

export type ToWorker =
  /** To be applied, and acknowledged with `applied`. */
  | { readonly kind: 'changes'; readonly changes: Uint8Array }
  /** To listen here from now on; answered with `serving` or `failed`. */
  | { readonly kind: 'serve'; readonly endpoints: readonly Endpoint[] }
  /** To end what is under way, for at most `grace` seconds, and then itself. */
  | { readonly kind: 'close'; readonly grace: number };

export type FromWorker =
  /** It is there, and takes changes. `whyPortable`: why batched I/O, where it was wanted, is not there. */
  | { readonly kind: 'ready'; readonly io: UdpTransport['io']; readonly whyPortable: string | null }
  | { readonly kind: 'applied'; readonly heldFor: number }
  /** It answers. The descriptors are to be closed when it has died, for then nobody else does. */
  | { readonly kind: 'serving'; readonly endpoints: readonly Endpoint[]; readonly descriptors: readonly number[] }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  /** It is about to close its descriptors itself. */
  | { readonly kind: 'closing' }
  /** A line of its log, as JSON. */
  | { readonly kind: 'log'; readonly line: string };

const lengthOctets = 4;

/** Changes as one message: each with its length before it. The memory is no larger than they are, since all of it is copied. */
export function encodeChanges(changes: readonly ZoneChange[]): Uint8Array {
  const encoded = changes.map(encodeZoneChange);
  const octets = new Uint8Array(encoded.reduce((sum, { length }) => sum + lengthOctets + length, 0));
  const view = new DataView(octets.buffer);
  let offset = 0;
  for (const change of encoded) {
    view.setUint32(offset, change.length);
    octets.set(change, offset + lengthOctets);
    offset += lengthOctets + change.length;
  }
  return octets;
}

/** The changes of one message, decoded one at a time. */
export function* decodeChanges(octets: Uint8Array): Generator<ZoneChange> {
  const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  for (let offset = 0; offset < buffer.length; ) {
    const start = offset + lengthOctets;
    offset = start + buffer.readUInt32BE(offset);
    yield decodeZoneChange(buffer.subarray(start, offset));
  }
}
