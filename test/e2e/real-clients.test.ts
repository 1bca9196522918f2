/** Programs that people use find a service that was registered with curl. */
import { promises as dns } from 'node:dns';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startUnbound } from '../support/name-servers.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { runTool, toolsMissing } from '../support/tools.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
  if (toolsMissing('curl')) return;
  await runTool('curl', [
    '-sS', '--fail', '-X', 'PUT', `${server.url}/v1/services/web/instances/web-1`,
    '-H', 'content-type: application/json', '-d', '{"address": "10.0.0.7", "port": 8080}',
  ]);
});
afterAll(() => server[Symbol.asyncDispose]());

const name = '_web._tcp.svc.internal';
const record = /SRV\s+10 100 8080 web-1\.web\.svc\.internal\./;

describe('a service registered with curl is found by', () => {
  it('dig, over UDP and over TCP', async () => {
    if (toolsMissing('dig', 'curl')) return;
    for (const transport of ['+notcp', '+tcp']) {
      const printed = await runTool('dig', ['@127.0.0.1', '-p', String(server.dnsPort), transport, name, 'SRV']);
      expect(printed).toMatch(record);
      expect(printed).toMatch(/web-1\.web\.svc\.internal\.\s+\d+\s+IN\s+A\s+10\.0\.0\.7/);
      expect(printed).not.toContain('WARNING: Message');
    }
  });

  it('kdig', async () => {
    if (toolsMissing('kdig', 'curl')) return;
    expect(await runTool('kdig', ['@127.0.0.1', '-p', String(server.dnsPort), name, 'SRV'])).toMatch(record);
  });

  it('drill', async () => {
    if (toolsMissing('drill', 'curl')) return;
    expect(await runTool('drill', ['-p', String(server.dnsPort), '@127.0.0.1', name, 'SRV'])).toMatch(record);
  });

  it('host', async () => {
    if (toolsMissing('host', 'curl')) return;
    const printed = await runTool('host', ['-p', String(server.dnsPort), '-t', 'SRV', name, '127.0.0.1']);
    expect(printed).toContain(`${name} has SRV record 10 100 8080 web-1.web.svc.internal.`);
  });

  it('node:dns', async () => {
    if (toolsMissing('curl')) return;
    const resolver = new dns.Resolver();
    resolver.setServers([server.dns]);
    expect(await resolver.resolveSrv(name)).toEqual([{ priority: 10, weight: 100, port: 8080, name: 'web-1.web.svc.internal' }]);
    expect(await resolver.resolve4('web.svc.internal')).toEqual(['10.0.0.7']);
  });

  it('unbound with a stub zone', async () => {
    if (toolsMissing('unbound', 'dig', 'curl')) return;
    await using unbound = await startUnbound('svc.internal', server.dnsPort);
    expect(await runTool('dig', ['@127.0.0.1', '-p', String(unbound.port), name, 'SRV'])).toMatch(record);
  });
});
