import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../src/runtime/endpoint.ts';
import { listenAtEveryAddress, machineAddresses } from '../../src/transport/every-address.ts';
import type { Listener } from '../../src/transport/listener.ts';
import { FakeClock } from '../support/clock.ts';

/** A machine whose addresses come and go, and what is listened at there. */
class FakeMachine {
  readonly clock = new FakeClock();
  readonly open: string[] = [];
  addresses: string[] = [];
  unusable: string[] = [];

  listen(): Promise<Listener> {
    const listenAt = ({ host, port }: Endpoint): Promise<Listener> => {
      if (this.unusable.includes(host)) return Promise.reject(new Error(host));
      this.open.push(host);
      const close = (): Promise<void> => Promise.resolve(void this.open.splice(this.open.indexOf(host), 1));
      return Promise.resolve({ endpoint: { host, port: port === 0 ? 1000 : port }, close });
    };
    return listenAtEveryAddress({ host: '0.0.0.0', port: 0 }, { listenAt, clock: this.clock, addressesNow: () => this.addresses });
  }
}

describe('listenAtEveryAddress', () => {
  it('listens at every address, with the port that was free at the first', async () => {
    const machine = new FakeMachine();
    machine.addresses = ['127.0.0.1', '192.0.2.1'];
    const listener = await machine.listen();
    expect(machine.open).toEqual(['127.0.0.1', '192.0.2.1']);
    expect(listener.endpoint).toEqual({ host: '0.0.0.0', port: 1000 });
  });

  it('follows the addresses of the machine', async () => {
    const machine = new FakeMachine();
    machine.addresses = ['127.0.0.1', '192.0.2.1'];
    await machine.listen();
    machine.addresses = ['127.0.0.1', '192.0.2.2'];
    await machine.clock.pass(10_000);
    expect(machine.open).toEqual(['127.0.0.1', '192.0.2.2']);
  });

  it('tries an address that is not usable yet again', async () => {
    const machine = new FakeMachine();
    machine.addresses = ['127.0.0.1'];
    await machine.listen();
    machine.addresses = ['127.0.0.1', '192.0.2.1'];
    machine.unusable = ['192.0.2.1'];
    await machine.clock.pass(10_000);
    expect(machine.open).toEqual(['127.0.0.1']);
    machine.unusable = [];
    await machine.clock.pass(10_000);
    expect(machine.open).toEqual(['127.0.0.1', '192.0.2.1']);
  });

  it('rejects where one of the addresses cannot be had at first, and listens nowhere', async () => {
    const machine = new FakeMachine();
    machine.addresses = ['127.0.0.1', '192.0.2.1'];
    machine.unusable = ['192.0.2.1'];
    await expect(machine.listen()).rejects.toThrow('192.0.2.1');
    expect(machine.open).toEqual([]);
  });

  it('closes all, and looks no more', async () => {
    const machine = new FakeMachine();
    machine.addresses = ['127.0.0.1', '192.0.2.1'];
    const listener = await machine.listen();
    await listener.close();
    expect(machine.open).toEqual([]);
    expect(machine.clock.pending).toBe(0);
  });
});

describe('machineAddresses', () => {
  it('lists the addresses of the family of the wildcard', () => {
    expect(machineAddresses('0.0.0.0')).toContain('127.0.0.1');
    expect(machineAddresses('0.0.0.0')).not.toContain('::1');
  });
});
