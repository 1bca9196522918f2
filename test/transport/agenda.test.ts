import { expect, it } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';
import { Agenda } from '../../src/transport/agenda.ts';
import { TransportCounters } from '../../src/transport/counters.ts';
import { openUdp } from '../../src/transport/open-udp.ts';

it.each(['batched', 'portable'] as const)('work that is put off does not wait for a datagram, %s', async (io) => {
  const agenda = new Agenda();
  const counters = new TransportCounters();
  const { udp } = await openUdp(io, { responder: { respond: () => 0 }, counters, clock: systemClock, agenda, shared: false });
  await udp.listen({ host: '127.0.0.1', port: 0 });
  // Each would sleep half a second if the loop did not know of it, and the test would run out of its time.
  await new Promise<void>((resolve) => {
    let left = 200;
    const work = (): void => {
      left -= 1;
      if (left === 0) resolve();
      else agenda.putOff(work);
    };
    agenda.putOff(work);
  });
  expect(agenda.isEmpty).toBe(true);
  await udp.close();
});
