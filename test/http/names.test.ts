/**
 * Labels that users choose, in every place where they choose one: taken and folded from ASCII, or refused. Nothing in
 * between.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, type Reply, startHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness[Symbol.asyncDispose]());

const body = { address: '10.0.0.7', port: 80, permanent: true };

/** Registers with `label` in one place; returns the reply, and the label as it was taken. */
const places: Record<string, (label: string) => Promise<{ reply: Reply; taken: () => string | undefined }>> = {
  async service(label) {
    const reply = await harness.call('PUT', `/v1/services/${encodeURIComponent(label)}/instances/one`, { body });
    return { reply, taken: () => reply.body.service };
  },
  async id(label) {
    const reply = await harness.call('PUT', `/v1/services/ids/instances/${encodeURIComponent(label)}`, { body });
    return { reply, taken: () => reply.body.id };
  },
  async tag(label) {
    const reply = await harness.call('PUT', '/v1/services/tags/instances/one', { body: { ...body, tags: [label] } });
    return { reply, taken: () => harness.registry.instance('svc.internal', 'tags', 'one')?.tags[0] };
  },
  async port(label) {
    const ports = `{${JSON.stringify(label)}: {"port": 81}}`;
    const reply = await harness.call('PUT', '/v1/services/ports/instances/one', {
      body: `{"address": "10.0.0.7", "ports": ${ports}}`,
    });
    return { reply, taken: () => harness.registry.instance('svc.internal', 'ports', 'one')?.ports[0]?.name };
  },
};

const taken: readonly [label: string, as: string][] = [
  ['web', 'web'],
  ['WEB', 'web'],
  ['wEb-1', 'web-1'],
  ['a', 'a'],
  ['0', '0'],
  ['123', '123'],
  ['a--b', 'a--b'],
  ['xn--bcher-kva', 'xn--bcher-kva'],
  ['a'.repeat(63), 'a'.repeat(63)],
  ['constructor', 'constructor'],
  ['toString', 'tostring'],
  ['valueOf', 'valueof'],
  ['hasOwnProperty', 'hasownproperty'],
  ['null', 'null'],
  ['undefined', 'undefined'],
  ['con', 'con'],
];

const refused: readonly string[] = [
  'a'.repeat(64),
  'a'.repeat(1000),
  '-a',
  'a-',
  '-',
  '_a',
  '_tcp',
  'a_b',
  '__proto__',
  '*',
  '*.a',
  'a.b',
  '.',
  '..',
  'a.',
  '.a',
  'a/b',
  'a\\b',
  'a%2eb',
  '%',
  'a b',
  ' a',
  'a\t',
  'a\n',
  '\0',
  'a\0b',
  '\x7f',
  '\u212a', // Kelvin sign: toLowerCase makes it k
  'we\u212a',
  '\u0130', // dotted capital I
  '\u017f', // long s: toUpperCase makes it S
  '\u00df', // sharp s
  '\u00e9', // e with acute
  'e\u0301', // the same with a combining accent
  '\u0430', // Cyrillic a
  'a\u200bb', // zero width space
  'a\u200db', // zero width joiner
  'a\u00adb', // soft hyphen
  'a\u3002b', // ideographic full stop
  '\uff41', // full width a
  '\u202ea', // right-to-left override
  '\u{1f600}',
  '\ud800', // half of a character
  '$INCLUDE',
  ';comment',
  '"quoted"',
  '(a)',
  '@',
  '<script>',
  'a,b',
];

/** What a URL cannot hold, or a client makes another path of. */
const noSegments: ReadonlySet<string> = new Set(['\ud800', '.', '..']);

describe.each(Object.keys(places))('as %s', (place) => {
  it.each(taken)('%j is taken as %j', async (label, as) => {
    const { reply, taken: found } = await places[place]!(label);
    expect(reply.status, JSON.stringify(reply.body)).toBeLessThan(300);
    expect(found()).toBe(as);
  });

  it.each(refused.filter((label) => !noSegments.has(label) || place === 'tag' || place === 'port'))(
    '%j is refused',
    async (label) => {
      const before = harness.registry.revision;
      const { reply } = await places[place]!(label);
      expect(reply.status).toBeGreaterThanOrEqual(400);
      expect(reply.status).toBeLessThan(500);
      expect(reply.body.code).toMatch(/^(invalid|malformed-body)$/);
      expect(harness.registry.revision).toBe(before);
    },
  );
});

describe('a reserved name is refused', () => {
  it.each(['wpad', 'WPAD', 'isatap', 'localhost', 'ns', 'ns1', '_acme-challenge'])('%s, as service', async (label) => {
    const { reply } = await places['service']!(label);
    expect([reply.status, reply.body.code]).toEqual([400, 'invalid']);
  });

  it.each(['wpad', 'isatap', 'LocalHost', '_acme-challenge'])('%s, as id', async (label) => {
    const { reply } = await places['id']!(label);
    expect([reply.status, reply.body.code]).toEqual([400, 'invalid']);
  });
});

describe('a path that is spelled in another way', () => {
  it.each([
    ['%77eb', 201],
    ['we%62', 200],
    ['%57EB', 200],
    ['web%2finstances%2fx', 400],
    ['web%2Finstances', 400],
    ['', 400],
    ['web%00', 400],
    ['web%0a', 400],
    ['web%c0%af', 400],
    ['%e2%84%aa', 400],
    ['web;x=1', 400],
    ['web%3fzone=other.internal', 400],
  ])('/v1/services/%s/instances/spelled gets %i', async (spelled, status) => {
    const reply = await harness.call('PUT', `/v1/services/${spelled}/instances/spelled`, { body });
    expect(reply.status).toBe(status);
    if (status < 300) expect(reply.body.service).toBe('web');
  });

  it.each(['/v1//services/web/instances/one', '/v1/services/web/instances/one/', '/V1/services/web/instances/one'])(
    '%s is no path of ours',
    async (path) => {
      const reply = await harness.call('PUT', path, { body });
      expect([reply.status, reply.body.code]).toEqual([404, 'unknown-path']);
    },
  );
});

it('a zone is named in any case, with or without the final dot', async () => {
  for (const zone of ['other.internal', 'OTHER.internal.', 'other.internal.']) {
    const reply = await harness.call('PUT', `/v1/services/zoned/instances/one?zone=${zone}`, { body });
    expect([reply.status, reply.body.zone]).toEqual([zone === 'other.internal' ? 201 : 200, 'other.internal']);
  }
});
