import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createConnector, createLookup, createResolver } from '../../../src/client/index.ts';
import { closedPort, lineOf, startBackend } from '../../support/backend.ts';
import { createAuthority } from '../../support/certificates.ts';
import { ScriptedDns } from '../../support/scripted-dns.ts';
import { toolsMissing } from '../../support/tools.ts';

const name = '_db._tcp.example.test';

function resolverOver(lines: readonly string[]) {
  return createResolver({ ask: new ScriptedDns(() => performance.now(), lines).ask });
}

async function talk(socket: Socket): Promise<string> {
  socket.end('GET / HTTP/1.0\r\n\r\n');
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text.split('\r\n\r\n')[1] ?? '';
}

describe('createConnector', () => {
  it('connects to a target, past those that refuse', async () => {
    await using backend = await startBackend('db');
    using resolver = resolverOver([
      `10 100 ${await closedPort()} dead.test 127.0.0.1`,
      lineOf(backend, { priority: 20 }),
    ]);
    const connector = createConnector(name, { resolver });
    expect(await talk(await connector())).toBe('db');
    connector.close();
  });

  it('tries the other addresses of a target', async () => {
    await using backend = await startBackend('db');
    using resolver = resolverOver([`10 100 ${backend.port} db.test 127.0.0.1 ::1`]);
    expect(await talk(await createConnector(name, { resolver })())).toBe('db');
  });

  it('speaks TLS for the domain of the service', async () => {
    if (toolsMissing('openssl')) return;
    await using authority = await createAuthority();
    await using backend = await startBackend('db', { tls: await authority.issue(['DNS:example.test']) });
    using resolver = resolverOver([lineOf(backend)]);
    const socket = await createConnector(name, { resolver, tls: { ca: authority.cert } })();
    expect(socket).toMatchObject({ authorized: true });
    socket.destroy();
    await expect(createConnector(name, { resolver, tls: true })()).rejects.toMatchObject({
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    });
  });

  it('gives up a target that does not answer within its time', async () => {
    const deaf = createServer().listen(0, '127.0.0.1'); // takes connections and says nothing, so that TLS never begins
    await once(deaf, 'listening');
    using resolver = resolverOver([`10 100 ${(deaf.address() as AddressInfo).port} deaf.test 127.0.0.1`]);
    const asking = createConnector(name, { resolver, tls: true, connectTimeoutMs: 50, attempts: 1 })();
    await expect(asking).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    deaf.close();
  });

  it('ends with the signal of its caller', async () => {
    using resolver = createResolver({ ask: () => new Promise(() => undefined) });
    const asking = createConnector(name, { resolver })({ signal: AbortSignal.abort() });
    await expect(asking).rejects.toMatchObject({ code: 'SRV_ABORTED' });
  });
});

describe('createLookup', () => {
  it('gives the addresses of a service to whoever takes a lookup function', async () => {
    await using backend = await startBackend('db');
    using resolver = resolverOver([lineOf(backend)]);
    const lookup = createLookup({ resolver });
    expect(await talk(connect({ host: name, port: backend.port, lookup }))).toBe('db');
    lookup.close();
  });

  it.each([
    [
      { all: true },
      [
        { address: '10.0.0.1', family: 4 },
        { address: 'fd00::1', family: 6 },
        { address: '10.0.0.2', family: 4 },
      ],
    ],
    [{ all: true, family: 6 }, [{ address: 'fd00::1', family: 6 }]],
    [{}, '10.0.0.1'],
    [{ family: 6 }, 'fd00::1'],
  ])('with %j gives %j: best priority first', async (options, expected) => {
    using resolver = resolverOver(['20 1 80 b.test 10.0.0.2', '10 1 80 a.test 10.0.0.1 fd00::1']);
    const found = await new Promise((resolve, reject) =>
      createLookup({ resolver })(name, options, (error, address) => (error ? reject(error) : resolve(address))),
    );
    expect(found).toEqual(expected);
  });

  it('hands other hosts to the system', async () => {
    using resolver = resolverOver([]);
    const found = await new Promise((resolve) =>
      createLookup({ resolver })('127.0.0.1', {}, (_, address) => resolve(address)),
    );
    expect(found).toBe('127.0.0.1');
  });

  it('fails with the error of DNS', async () => {
    using resolver = resolverOver([]);
    const error = await new Promise((resolve) => createLookup({ resolver })(name, {}, resolve));
    expect(error).toMatchObject({ code: 'SRV_NODATA' });
  });
});
