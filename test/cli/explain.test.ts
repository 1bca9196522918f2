import { describe, expect, it } from 'vitest';
import { type Call, problem, runCommand } from './support.ts';

const healthy = {
  id: 'web-1', answered: true, reasons: [{ code: 'passing', text: 'it is healthy' }], status: 'passing',
  priority: 10, weight: 100, addresses: ['10.0.0.7'], port: 8080,
};
const draining = {
  ...healthy, id: 'web-2', answered: false, status: 'draining', port: null,
  reasons: [{ code: 'draining', text: 'it is draining' }, { code: 'lease-late', text: 'its renewal is late' }],
};
const explanation = {
  name: '_web._tcp.svc.internal.', type: 'SRV', zone: { name: 'svc.internal.', kind: 'services', serial: 42 },
  meaning: { kind: 'protocol', service: 'web', protocol: 'tcp' },
  service: { name: 'web', mode: 'healthy', emptyPolicy: 'nodata', panicThreshold: 0, instances: 2, staying: 1, answerable: 1 },
  candidates: [healthy, draining], outcome: 'answer',
  records: [{ name: '_web._tcp.svc.internal.', ttl: 5, type: 'SRV', data: '10 100 8080 web-1.web.svc.internal.' }],
  limit: null, extendedError: null,
};

describe('signpost explain', () => {
  it('prints how the name is parsed, each candidate with its reasons, and the records', async () => {
    const { stdout } = await runCommand(['explain', '_web._tcp.svc.internal'], { server: () => explanation });
    expect(stdout).toBe([
      '_web._tcp.svc.internal. SRV: answer',
      'zone: svc.internal., serial 42',
      'name: protocol (service web, protocol tcp)',
      'service: web, 1 of 2 instances answerable, mode healthy, empty policy nodata',
      '',
      'INSTANCE  ANSWERED  STATUS    PRIORITY  WEIGHT  ADDRESS   PORT  WHY',
      'web-1     yes       passing   10        100     10.0.0.7  8080  it is healthy',
      'web-2     no        draining  10        100     10.0.0.7  -     it is draining; its renewal is late',
      '',
      'RECORD                   TTL  TYPE  DATA',
      '_web._tcp.svc.internal.  5    SRV   10 100 8080 web-1.web.svc.internal.',
      '',
    ].join('\n'));
  });

  it('says so when no zone here answers', async () => {
    const refused = { ...explanation, zone: null, meaning: null, service: null, candidates: [], outcome: 'refused', records: [] };
    const { stdout } = await runCommand(['explain', 'example.org', 'A'], { server: () => refused });
    expect(stdout).toContain('zone: none here answers for this name\nname: none that registrations make\n');
  });

  it('asks for the name and type, a name without dot in the service zone', async () => {
    const calls: Call[] = [];
    const server = (call: Call) => (calls.push(call), explanation);
    await runCommand(['explain', 'web'], { server });
    await runCommand(['explain', 'web', 'AAAA', '--zone', 'prod.internal'], { server });
    expect(calls.map(({ path }) => path)).toEqual([
      '/v1/explain?name=web.svc.internal&type=SRV', '/v1/explain?name=web.prod.internal&type=AAAA',
    ]);
  });

  it('prints the answer as it is with --json', async () => {
    expect(JSON.parse((await runCommand(['explain', 'web', '--json'], { server: () => explanation })).stdout)).toEqual(explanation);
  });

  it('tells what the server refuses', async () => {
    const { code, stderr } = await runCommand(['explain', 'web', 'SVR'], { server: () => problem(400, 'invalid-value', 'found "SVR"') });
    expect([code, stderr]).toEqual([1, 'signpost explain: found "SVR"\n']);
  });
});
