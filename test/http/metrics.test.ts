/** Metrics that Prometheus can read, and that say what is the case. */
import { describe, expect, it } from 'vitest';
import type { DnsCounters } from '../../src/http/metrics.ts';
import { createToken } from '../../src/http/tokens.ts';
import { type Harness, startHarness } from './harness.ts';

const dns: DnsCounters = {
  replies: [{ labels: { transport: 'udp', rcode: 'NOERROR' }, value: 10 }],
  latency: [{ labels: { transport: 'udp', rcode: 'NOERROR' }, counts: [1, 2, 4], sum: 1.5 }],
  latencyBounds: [0.001, 0.01],
  dropped: [
    { labels: { reason: 'malformed' }, value: 3 },
    { labels: { reason: 'a "strange" one' }, value: 1 },
  ],
  truncated: 5,
  compiled: 9,
  cacheHits: 6,
  cacheMisses: 7,
  failures: 8,
  staleAnswers: 9,
  connections: [{ labels: { event: 'opened' }, value: 9 }],
  workerRestarts: 1,
};

/** The samples by name and labels, of text that keeps to the exposition format; throws where it does not. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const families = new Map<string, string>();
  let family = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name, rest] = comment as unknown as [string, string, string, string];
      if (kind === 'HELP' && families.has(name)) throw new Error(`${name} comes twice`);
      if (kind === 'TYPE' && !/^(counter|gauge|histogram|summary)$/.test(rest)) throw new Error(line);
      families.set(name, kind === 'TYPE' ? rest : '');
      family = name;
      continue;
    }
    const sample = /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (\S+)$/.exec(line);
    if (sample === null) throw new Error(`not a sample: ${line}`);
    const [, name, labels = '', value] = sample as unknown as [string, string, string?, string?];
    const suffixes = families.get(family) === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    if (!suffixes.some((suffix) => name === family + suffix)) throw new Error(`${name} stands under ${family}`);
    // Prometheus reads NaN in any case, and prom-client writes it in one of its own.
    if (value === undefined || (Number.isNaN(Number(value)) && !/^(nan|[+-]inf)$/i.test(value)))
      throw new Error(`no number: ${line}`);
    if (samples.has(name + labels)) throw new Error(`${name}${labels} comes twice`);
    samples.set(name + labels, Number(value));
  }
  return samples;
}

async function scrape(harness: Harness): Promise<Map<string, number>> {
  const reply = await harness.call('GET', '/metrics');
  expect(reply.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  return parse(reply.body as string);
}

describe('metrics', () => {
  it('keep to the exposition format and to the names of Prometheus', async () => {
    await using harness = await startHarness({ collaborators: { dns: () => dns } });
    const names = [...(await scrape(harness)).keys()].map((key) => key.replace(/\{.*/, ''));
    const own = names.filter((name) => !/^(process|nodejs)_/.test(name));
    for (const name of own) expect(name).toMatch(/^signpost_[a-z0-9_]+$/);
    expect(own).toContain('signpost_dns_query_duration_seconds_bucket');
  });

  it('show what the DNS workers counted, buckets summed up', async () => {
    await using harness = await startHarness({ collaborators: { dns: () => dns } });
    const samples = await scrape(harness);
    expect(Object.fromEntries([...samples].filter(([key]) => key.startsWith('signpost_dns_')))).toEqual({
      'signpost_dns_replies_total{transport="udp",rcode="NOERROR"}': 10,
      'signpost_dns_query_duration_seconds_bucket{le="0.001",transport="udp",rcode="NOERROR"}': 1,
      'signpost_dns_query_duration_seconds_bucket{le="0.01",transport="udp",rcode="NOERROR"}': 3,
      'signpost_dns_query_duration_seconds_bucket{le="+Inf",transport="udp",rcode="NOERROR"}': 7,
      'signpost_dns_query_duration_seconds_sum{transport="udp",rcode="NOERROR"}': 1.5,
      'signpost_dns_query_duration_seconds_count{transport="udp",rcode="NOERROR"}': 7,
      'signpost_dns_dropped_total{reason="malformed"}': 3,
      'signpost_dns_dropped_total{reason="a \\"strange\\" one"}': 1,
      signpost_dns_truncated_total: 5,
      signpost_dns_compiled_total: 9,
      signpost_dns_cache_hits_total: 6,
      signpost_dns_cache_misses_total: 7,
      signpost_dns_failures_total: 8,
      signpost_dns_stale_answers_total: 9,
      'signpost_dns_connections_total{event="opened"}': 9,
      signpost_dns_worker_restarts_total: 1,
    });
  });

  it('count what the registry does', async () => {
    await using harness = await startHarness({
      collaborators: { checks: () => [{ type: 'http', result: 'pass', count: 4 }] },
    });
    const put = (service: string, id: string, more = {}) =>
      harness.call('PUT', `/v1/services/${service}/instances/${id}`, {
        body: { address: '10.0.0.7', port: 80, lease: 2, ...more },
      });
    const { body } = await put('web', 'a');
    await put('web', 'b', { status: 'critical' });
    await put('api', 'a', { status: 'critical', permanent: true, lease: undefined });
    await harness.call('POST', '/v1/services/web/instances/a/renew', { body: { generation: body.generation } });
    await harness.call('POST', '/v1/services/web/instances/a/renew', { body: { generation: 999 } });
    await harness.call('DELETE', '/v1/services/web/instances/b');
    await put('web', 'c');
    const samples = await scrape(harness);
    expect(
      Object.fromEntries(
        [...samples].filter(([key]) =>
          /^signpost_(reg|dereg|expiries|renewals|check|instances|serv|answerable|avail|revision)/.test(key),
        ),
      ),
    ).toEqual({
      signpost_registrations_total: 4,
      signpost_deregistrations_total: 1,
      signpost_expiries_total: 0,
      'signpost_renewals_total{result="renewed"}': 1,
      'signpost_renewals_total{result="refused"}': 1,
      'signpost_check_results_total{type="http",result="pass"}': 4,
      signpost_revision: 5,
      'signpost_instances{zone="svc.internal"}': 3,
      'signpost_instances{zone="other.internal"}': 0,
      'signpost_answerable_instances{zone="svc.internal"}': 2,
      'signpost_answerable_instances{zone="other.internal"}': 0,
      'signpost_services{zone="svc.internal"}': 2,
      'signpost_services{zone="other.internal"}': 0,
      'signpost_answerable_services{zone="svc.internal"}': 1,
      'signpost_answerable_services{zone="other.internal"}': 0,
      // 2 of 3 instances and 1 of 2 services; nothing is missing where there is nothing.
      'signpost_availability_ratio{zone="svc.internal"}': 3 / 5,
      'signpost_availability_ratio{zone="other.internal"}': 1,
    });
    await harness.clock.pass(3000);
    expect((await scrape(harness)).get('signpost_expiries_total')).toBe(2);
  });

  it('time requests by route, never by what callers write', async () => {
    await using harness = await startHarness();
    await harness.call('GET', '/v1/services/secret-name/instances');
    await harness.call('GET', '/secret-path');
    const samples = await scrape(harness);
    const count = 'signpost_http_request_duration_seconds_count';
    const route = '/v1/services/:service/instances';
    expect(samples.get(`${count}{method="GET",route="${route}",status="200"}`)).toBe(1);
    expect(samples.get(`${count}{method="any",route="none",status="404"}`)).toBe(1);
    expect([...samples.keys()].join()).not.toContain('secret');
  });

  it('take a grant where reading does', async () => {
    await using harness = await startHarness({ settings: { reads: 'token' } });
    const { token } = await createToken(harness.tokens, { scopes: { services: ['*'], operations: ['read'] } });
    expect((await harness.call('GET', '/metrics', { token })).status).toBe(200);
    expect((await harness.call('GET', '/metrics')).status).toBe(401);
  });
});

describe('readiness', () => {
  it('says what is still missing', async () => {
    let missing = ['the store', 'zones'];
    await using harness = await startHarness({ collaborators: { readiness: () => missing } });
    expect(await harness.call('GET', '/readyz')).toMatchObject({ status: 503, body: 'waiting for the store, zones\n' });
    expect((await harness.call('GET', '/healthz')).status).toBe(200);
    missing = [];
    expect((await harness.call('GET', '/readyz')).status).toBe(200);
  });
});
