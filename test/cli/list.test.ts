import { describe, expect, it } from 'vitest';
import { type Call, runCommand } from './support.ts';

const services = { revision: 9, services: [{ service: 'web', zone: 'svc.internal', instances: 3, answerable: 2 }] };
const instance = {
  id: 'web-1', status: 'passing', addresses: ['10.0.0.7', 'fd00::7'], port: 8080, protocol: 'tcp',
  ports: { grpc: { port: 9090, protocol: 'tcp' }, dns: { port: 53, protocol: 'udp' } },
  priority: 10, weight: 100, tags: ['v2', 'eu'], lease: 30,
};
const instances = { revision: 9, instances: [instance, { ...instance, id: 'b', port: null, ports: {}, tags: [], lease: null }] };

describe('signpost list', () => {
  it('prints the services', async () => {
    const { stdout } = await runCommand(['list'], { server: ({ path }) => path === '/v1/services' && services });
    expect(stdout).toBe('SERVICE  ZONE          INSTANCES  ANSWERABLE\nweb      svc.internal  3          2\n');
  });

  it('prints the instances of a service', async () => {
    const { stdout } = await runCommand(['list', 'web'], { server: () => instances });
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['ID', 'STATUS', 'ADDRESS', 'PORT', 'PRIORITY', 'WEIGHT', 'TAGS', 'LEASE'],
      ['web-1', 'passing', '10.0.0.7,fd00::7', '8080,grpc=9090,dns=53/udp', '10', '100', 'v2,eu', '30 s'],
      ['b', 'passing', '10.0.0.7,fd00::7', '10', '100', 'permanent'],
      [''],
    ]);
  });

  it('asks only for what is wanted', async () => {
    const calls: Call[] = [];
    const args = ['list', 'web', '--tag', 'v2', '--status', 'passing', '--zone', 'prod.internal'];
    await runCommand(args, { server: (call) => (calls.push(call), instances) });
    expect(calls[0]!.path).toBe('/v1/services/web/instances?zone=prod.internal&tag=v2&status=passing');
  });

  it('prints the answer as it is with --json', async () => {
    expect(JSON.parse((await runCommand(['list', '--json'], { server: () => services })).stdout)).toEqual(services);
    expect(JSON.parse((await runCommand(['list', 'web', '--json'], { server: () => instances })).stdout)).toEqual(instances);
  });
});
