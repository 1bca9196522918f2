/** The API describes itself, completely and in a form that tools take. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from './harness.ts';

interface Operation {
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: object;
    readonly description?: string;
  }[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, { readonly schema: object }>>;
  };
  readonly responses: Readonly<Record<string, { readonly description?: string; readonly content?: object }>>;
}

let harness: Harness;
// eslint-disable-next-line @typescript-eslint/no-explicit-any
let document: any;
let operations: [name: string, path: string, operation: Operation][];
beforeAll(async () => {
  harness = await startHarness();
  const reply = await harness.call('GET', '/openapi.json');
  expect(reply.status).toBe(200);
  document = reply.body;
  operations = Object.entries(document.paths as Record<string, Record<string, Operation>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, Operation] => [
      `${method} ${path}`,
      path,
      operation,
    ]),
  );
});
afterAll(() => harness[Symbol.asyncDispose]());

it('is an OpenAPI 3.1 document', () => {
  expect(document.openapi).toMatch(/^3\.1\.\d+$/);
  expect(document.info).toMatchObject({ title: 'Signpost', version: '1' });
  expect(document.info.description).not.toBe('');
  expect(operations.length).toBeGreaterThan(15);
});

it('says of each call what it does and what comes back', () => {
  const tags = new Set(document.tags.map(({ name }: { name: string }) => name));
  for (const [name, , { summary, tags: used, responses }] of operations) {
    expect(summary, name).toMatch(/^\w.{5,}/);
    expect(used?.length, name).toBe(1);
    expect(tags, name).toContain(used![0]);
    expect(Object.keys(responses), name).toContain('default');
    expect(
      Object.keys(responses).some((status) => /^2\d\d$/.test(status)),
      name,
    ).toBe(true);
    for (const [status, response] of Object.entries(responses))
      expect(response.description, `${name} ${status}`).not.toBe(undefined);
  }
});

it('declares each part of a path, as required, and nothing else in the path', () => {
  for (const [name, path, { parameters = [] }] of operations) {
    const inPath = parameters.filter((parameter) => parameter.in === 'path');
    expect(
      inPath.map((parameter) => parameter.name),
      name,
    ).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, part]) => part));
    for (const parameter of inPath) expect(parameter.required, name).toBe(true);
    for (const parameter of parameters) expect(parameter.description, `${name} ${parameter.name}`).toMatch(/\w/);
  }
});

it('has JSON for every body, and an example of a registration that the server takes', async () => {
  for (const [name, , { requestBody }] of operations) {
    if (requestBody !== undefined) expect(Object.keys(requestBody.content), name).toEqual(['application/json']);
  }
  const { example } =
    document.paths['/v1/services/{service}/instances/{id}'].put.requestBody.content['application/json'];
  expect((await harness.call('PUT', '/v1/services/web/instances/example', { body: example })).status).toBe(201);
});

it('describes each field of each body', () => {
  for (const [name, , { requestBody }] of operations) {
    for (const { schema } of Object.values(requestBody?.content ?? {})) expectDescribed(schema, name);
  }
});

it('holds schemas of JSON Schema only: every reference leads somewhere, every type is known', () => {
  const types = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']);
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === '$ref') expect(resolved(inner as string), `${path}: ${String(inner)}`).toBeDefined();
      const isSchemaType = key === 'type' && !/securitySchemes|example/.test(path) && !path.endsWith('/properties');
      if (isSchemaType) for (const type of [inner].flat()) expect(types, path).toContain(type);
      visit(inner, `${path}/${key}`);
    }
  };
  visit(document.paths, '');
  visit(document.components, '/components');
});

describe('a call that the document does not name', () => {
  it('does not exist', async () => {
    for (const path of ['/', '/v1', '/docs', '/v2/services'])
      expect((await harness.call('GET', path)).status, path).toBe(404);
  });
});

/** A field says what it is, and an object that a caller sends takes no others. */
function expectDescribed(schema: object, path: string): void {
  const { properties, additionalProperties, patternProperties, items } = schema as Record<string, unknown>;
  if (properties !== undefined) expect(additionalProperties, path).toBe(false);
  for (const [field, inner] of Object.entries((properties ?? {}) as Record<string, { description?: string }>)) {
    expectDescribed(inner, `${path} ${field}`);
    const isSaid = inner.description !== undefined || 'items' in inner || 'properties' in inner;
    expect(isSaid, `${path} ${field} has no description`).toBe(true);
  }
  for (const inner of Object.values((patternProperties ?? {}) as Record<string, object>)) expectDescribed(inner, path);
  if (items !== undefined) expectDescribed(items as object, path);
}

function resolved(reference: string): unknown {
  return reference
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
}
