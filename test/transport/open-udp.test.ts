import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';
import { Agenda } from '../../src/transport/agenda.ts';
import { loadSystemCalls, type SystemCalls } from '../../src/transport/batched/libc.ts';
import { testSystemCalls } from '../../src/transport/batched/self-test.ts';
import { TransportCounters } from '../../src/transport/counters.ts';
import { openUdp } from '../../src/transport/open-udp.ts';

const options = { responder: { respond: () => 0 }, counters: new TransportCounters(), clock: systemClock, agenda: new Agenda(), shared: false };

/** What an import of koffi gives, until the test ends. */
function mockKoffi(load: () => object): void {
  vi.doMock('koffi', load);
  onTestFinished(() => {
    vi.doUnmock('koffi');
  });
}

describe('openUdp', () => {
  it('takes batched I/O where it works', async () => {
    const { udp, whyPortable } = await openUdp('auto', options);
    expect([udp.io, whyPortable]).toEqual(['batched', undefined]);
  });

  it('takes portable I/O where koffi is not installed, and says why', async () => {
    mockKoffi(() => {
      throw new Error("Cannot find package 'koffi'");
    });
    const { udp, whyPortable } = await openUdp('auto', options);
    expect([udp.io, whyPortable]).toEqual(['portable', expect.any(String)]);
  });

  it('rejects where batched I/O is asked for and does not work', async () => {
    mockKoffi(() => ({ default: { sizeof: () => 4 } }));
    await expect(openUdp('batched', options)).rejects.toThrow(`found ${process.arch}, wanted a 64-bit little-endian processor`);
  });

  it('takes portable I/O where it is asked for', async () => {
    expect((await openUdp('portable', options)).udp.io).toBe('portable');
  });
});

describe('the self-test of batched I/O', () => {
  it.each<[string, (calls: SystemCalls) => Partial<SystemCalls>, RegExp]>([
    [
      'replies that are not sent',
      () => ({ sendmmsg: (_socket, _address, count) => count }),
      /^found -1 octets .* from 0+, wanted 1 octets 01 from 0200/,
    ],
    [
      'an event loop that wakes nobody',
      (calls) => ({ eventLoopDescriptor: () => calls.socket(2, 2, 0) }),
      /^found no sign of a message in the event loop/,
    ],
    [
      'a system call that fails',
      () => ({ bind: () => -1 }),
      /^bind \w+ 0\.0\.0\.0:0$/,
    ],
  ])('finds %s', async (_, broken, message) => {
    const calls = await loadSystemCalls();
    expect(() => testSystemCalls({ ...calls, ...broken(calls) })).toThrow(message);
  });

  it('finds headers that are not where they should be', async () => {
    const calls = await loadSystemCalls();
    const shifted: SystemCalls = { ...calls, recvmmsg: (socket, address, count, flags) => calls.recvmmsg(socket, address + 64, count - 1, flags, 0) };
    expect(() => testSystemCalls(shifted)).toThrow(/^found .* wanted \d+ octets/);
  });
});
