import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/error.ts';
import { loadConfig, makeConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';

const none = { variables: {}, flags: {} };

function ofFile(text: string, variables = {}, flags = {}): Config {
  return makeConfig({ file: 'signpost.yaml', text }, { variables, flags });
}

/** The lines of the error that `make` throws. */
function problemsOf(make: () => unknown): string[] {
  try {
    make();
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('makeConfig', () => {
  it('gives the defaults of the contract when nobody says anything', () => {
    const config = makeConfig(null, none);
    expect(config.zone).toEqual(['svc.internal']);
    expect(config.dns.listen).toEqual([{ host: '127.0.0.1', port: 8053 }]);
    expect(config.http.listen).toEqual([{ host: '127.0.0.1', port: 8054 }]);
    expect([config.data, config.zones]).toEqual(['./data', './zones']);
    expect(config.defaults).toEqual({ ttl: 5, lease: 30 });
    expect(config.dns.workers).toBeGreaterThanOrEqual(1);
    expect([config.dns.nsid, config.dns.cookieSecrets]).toEqual([null, []]);
  });

  it('lets flags beat variables beat the file', () => {
    const text = 'data: file\nzones: file\nlog: { level: debug }\n';
    const variables = { SIGNPOST_ZONES: 'variable', SIGNPOST_LOG_LEVEL: 'warn' };
    const config = ofFile(text, variables, { 'log-level': 'error' });
    expect([config.data, config.zones, config.log.level]).toEqual(['file', 'variable', 'error']);
  });

  it('reads YAML', () => {
    const config = ofFile('dns:\n  listen: ["[::1]:53", 10.0.0.1:53]\n  tcp:\n    idle: 2.5\nstore:\n  type: memory\n');
    expect(config.dns.listen).toEqual([{ host: '::1', port: 53 }, { host: '10.0.0.1', port: 53 }]);
    expect(config.dns.tcp.idle).toBe(2.5);
    expect(config.store.type).toBe('memory');
  });

  it('reads JSON', () => {
    const config = ofFile('{ "zone": "Prod.Internal.", "dns": { "workers": 3, "io": "portable" } }');
    expect([config.zone, config.dns.workers, config.dns.io]).toEqual([['prod.internal'], 3, 'portable']);
  });

  it.each(['', '# nothing\n', 'dns:\n', 'data:\n', 'dns: { io: null }'])('takes %j as nothing said', (text) => {
    expect(ofFile(text)).toEqual(makeConfig(null, none));
  });

  it('takes variables by the path of the option, or by its flag', () => {
    const variables = { SIGNPOST_DNS_TCP_PER_CLIENT: '7', SIGNPOST_DNS: '127.0.0.1:0,[::1]:0', SIGNPOST_AUDIT_REQUIRED: 'true' };
    const config = makeConfig(null, { variables, flags: {} });
    expect(config.dns.tcp.perClient).toBe(7);
    expect(config.dns.listen).toEqual([{ host: '127.0.0.1', port: 0 }, { host: '::1', port: 0 }]);
    expect(config.audit.required).toBe(true);
    const both = makeConfig(null, { variables: { ...variables, SIGNPOST_DNS_LISTEN: '127.0.0.1:1' }, flags: {} });
    expect(both.dns.listen).toEqual([{ host: '127.0.0.1', port: 1 }]);
  });

  it('takes an empty variable as not set', () => {
    expect(makeConfig(null, { variables: { SIGNPOST_DATA: '' }, flags: {} }).data).toBe('./data');
  });

  it('refuses an empty flag', () => {
    expect(problemsOf(() => makeConfig(null, { variables: {}, flags: { data: '' } }))).toEqual(['--data: data: found "", wanted a path']);
  });

  it('parts the values of a flag at commas', () => {
    const config = makeConfig(null, { variables: {}, flags: { dns: '127.0.0.1:1, 127.0.0.1:2' } });
    expect(config.dns.listen.map(({ port }) => port)).toEqual([1, 2]);
  });

  it('leaves variables alone that are not nearly one of ours', () => {
    const variables = { SIGNPOST_PORT: 'tcp://10.0.0.1:8054', SIGNPOST_SERVICE_HOST: '10.0.0.1', SIGNPOST_TOKEN: 'secret' };
    expect(makeConfig(null, { variables, flags: {} })).toEqual(makeConfig(null, none));
  });

  it.each<[text: string, problem: string]>([
    ['dns:\n  lisen: 127.0.0.1:53\n', 'signpost.yaml:2:3: unknown option dns.lisen; did you mean dns.listen?'],
    ['workers: 3\n', 'signpost.yaml:1:1: unknown option workers; did you mean dns.workers?'],
    ['{"dnss": {}}', 'signpost.yaml:1:2: unknown option dnss; did you mean dns?'],
    ['__proto__: { x: 1 }\n', 'signpost.yaml:1:1: unknown option __proto__; did you mean'],
    ['dns:\n  constructor: 1\n', 'signpost.yaml:2:3: unknown option dns.constructor; did you mean'],
    ['dns: 127.0.0.1:53\n', 'signpost.yaml:1:6: dns must hold options, found "127.0.0.1:53"'],
    ['- a\n', 'signpost.yaml:1:1: the file must hold options, found a list'],
    ['dns:\n  workers: 0\n', 'signpost.yaml:2:12: dns.workers: found 0, wanted a whole number from 1 to 256'],
    ['dns:\n  workers: 1.5\n', 'signpost.yaml:2:12: dns.workers: found 1.5, wanted a whole number'],
    ['dns:\n  workers: "2"\n', 'signpost.yaml:2:12: dns.workers: found "2", wanted a whole number'],
    ['dns:\n  io: fast\n', 'signpost.yaml:2:7: dns.io: found "fast", wanted one of auto, batched, portable'],
    ['dns:\n  listen:\n    - 127.0.0.1:53\n    - 127.0.0.1\n', 'signpost.yaml:4:7: dns.listen[1]: found "127.0.0.1", wanted an address and a port'],
    ['dns: { listen: [] }\n', 'signpost.yaml:1:16: dns.listen: found [], wanted at least one'],
    ['zone: a..b\n', 'signpost.yaml:1:7: zone: found "a..b", wanted at least one, each a zone name'],
    ['audit: { required: yes }\n', 'signpost.yaml:1:20: audit.required: found "yes", wanted true or false'],
    ['dns: { cookieSecrets: [1234567890abcdef] }\n', 'signpost.yaml:1:24: dns.cookieSecrets[0]: found something else, wanted 32 hexadecimal digits'],
    ['data: a\ndata: b\n', 'signpost.yaml:2:1: Map keys must be unique'],
    ['dns: {\n', 'signpost.yaml:2:1: '],
    ['http: { tls: { cert: a.pem } }\n', 'http.tls: found one of cert and key, wanted both'],
    ['store: { type: etcd }\n', 'store.endpoints: found none, wanted one for etcd'],
    ['skydns: { zones: skydns.local }\n', 'skydns.endpoints: found none, wanted one for skydns.zones, as the store is not on etcd'],
    ['skydns: { zones: svc.internal, endpoints: "http://x" }\n', 'skydns.zones: found svc.internal, wanted zones in which nobody registers'],
    ['skydns: { tls: { key: a.pem } }\n', 'skydns.tls: found one of cert and key, wanted both'],
    ['store: { type: etcd, endpoints: [ftp://x] }\n', 'signpost.yaml:1:34: store.endpoints[0]: found "ftp://x", wanted an address such as'],
    [`data: ${'x'.repeat(5000)}\n`, `signpost.yaml:1:7: data: found "${'x'.repeat(56)}..., wanted a path`],
  ])('refuses %j', (text, problem) => {
    expect(problemsOf(() => ofFile(text))[0]).toContain(problem);
  });

  it('never repeats a secret', () => {
    expect(problemsOf(() => ofFile('store: { password: [hunter2] }\n'))[0]).toBe('signpost.yaml:1:20: store.password: found something else, wanted a password');
  });

  it('names the variable or flag that is wrong', () => {
    const variables = { SIGNPOST_DNS_WORKERS: 'many', SIGNPOST_DNS_WORKES: '3' };
    expect(problemsOf(() => makeConfig(null, { variables, flags: { dns: 'localhost' } }))).toEqual([
      'SIGNPOST_DNS_WORKES: unknown variable; did you mean SIGNPOST_DNS_WORKERS?',
      '--dns: dns.listen[0]: found "localhost", wanted an address and a port, such as 127.0.0.1:8053 or [::1]:8053',
      'SIGNPOST_DNS_WORKERS: dns.workers: found "many", wanted a whole number from 1 to 256',
    ]);
  });

  it('tells everything that is wrong at once', () => {
    expect(problemsOf(() => ofFile('dns: { io: 1, workers: 0, x: 1 }\n'))).toHaveLength(3);
  });
});

describe('loadConfig', () => {
  it('reads the file that the caller, else SIGNPOST_CONFIG, names', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'signpost-config-'));
    const [named, other] = [join(directory, 'a.yaml'), join(directory, 'b.json')];
    await writeFile(named, 'data: named\n');
    await writeFile(other, '{"data": "other"}');
    const variables = { SIGNPOST_CONFIG: other };
    expect((await loadConfig({ file: named, variables, flags: {} })).data).toBe('named');
    expect((await loadConfig({ variables, flags: {} })).data).toBe('other');
    await rm(directory, { recursive: true });
  });

  it('refuses a file that is not there', async () => {
    await expect(loadConfig({ file: '/nowhere/signpost.yaml', ...none })).rejects.toThrow('/nowhere/signpost.yaml:1:1: no such file');
  });
});
