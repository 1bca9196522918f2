/** The arrows of the architecture: which folder of src/ may import which. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** What the files that join the parts may import: all but what uses the server from outside. */
const everything = [
  'wire', 'config', 'zonefile', 'zone', 'responder', 'transport', 'workers', 'registry', 'storage', 'checks', 'publish',
  'skydns', 'http', 'parts.ts',
];

/**
 * What each folder may import besides itself, `runtime` and packages. `types FOLDER` allows `import type` only; a path
 * allows that one file.
 */
const allowed: Record<string, readonly string[]> = {
  'runtime': [],
  'wire': [],
  'config': [],
  'zonefile': ['wire'],
  'zone': ['wire'],
  'responder': ['zone', 'wire'],
  'transport': ['types responder', 'wire/address.ts'],
  'workers': ['transport', 'responder', 'zone'],
  'registry': [],
  'storage': ['registry'],
  'checks': ['registry'],
  'publish': ['registry', 'zone', 'wire'],
  'skydns': ['publish', 'storage', 'wire'],
  'http': ['registry', 'publish', 'zone'],
  'client': ['wire'],
  'agent': ['client', 'types http'],
  'cli': ['app.ts', 'client', 'agent', 'config', 'zonefile', 'types http', 'http/tokens.ts', 'storage/dump.ts', 'storage/migrate.ts'],
  'app.ts': everything,
  'parts.ts': everything,
  'index.ts': ['app.ts', 'config'],
};

const source = fileURLToPath(new URL('../../src', import.meta.url));

interface Import {
  /** Both relative to src/. */
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(ts|tsx|js)$/.test(file));
const imports = files.flatMap((file) => importsOf(file, readFileSync(join(source, file), 'utf8')));

/** Relative imports and re-exports, static or dynamic, of one file. */
function importsOf(file: string, text: string): Import[] {
  const statement = /^(?:import|export)\s+(type\s)?[^'";]*?from\s+'(\.[^']+)'|^import\s+'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm;
  return [...text.matchAll(statement)].map(([, type, from, bare, dynamic]) => ({
    from: file,
    to: relative(source, join(source, dirname(file), (from ?? bare ?? dynamic)!)),
    typeOnly: type !== undefined,
  }));
}

/** The folder of a file, or the file itself when it stands at the top. */
function folderOf(file: string): string {
  return file.split('/')[0]!;
}

function isAllowed({ from, to, typeOnly }: Import): boolean {
  const [importer, imported] = [folderOf(from), folderOf(to)];
  if (importer === imported || imported === 'runtime') return true;
  const arrows = allowed[importer] ?? [];
  return arrows.includes(imported) || arrows.includes(to) || (typeOnly && arrows.includes(`types ${imported}`));
}

/** Circles in a graph, each as the nodes on its way round; none for a graph without circles. */
function circlesOf(edges: readonly (readonly [string, string])[]): string[] {
  const next = new Map<string, string[]>();
  for (const [from, to] of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const state = new Map<string, 'open' | 'done'>();
  const circles: string[] = [];
  const visit = (node: string, way: readonly string[]): void => {
    if (state.get(node) === 'open') circles.push([...way.slice(way.indexOf(node)), node].join(' -> '));
    if (state.has(node)) return;
    state.set(node, 'open');
    for (const to of next.get(node) ?? []) visit(to, [...way, node]);
    state.set(node, 'done');
  };
  for (const node of next.keys()) visit(node, []);
  return circles;
}

describe('imports between the folders of src', () => {
  it('are read from every form of import', () => {
    const text = [
      "import type { A } from './a.ts';", "import {\n  b,\n} from '../zone/b.ts';", "export * from './c.ts';",
      "const d = await import('./d.ts');", "import './e.ts';", "import fs from 'node:fs';",
    ].join('\n');
    expect(importsOf('wire/x.ts', text)).toEqual([
      { from: 'wire/x.ts', to: 'wire/a.ts', typeOnly: true },
      { from: 'wire/x.ts', to: 'zone/b.ts', typeOnly: false },
      { from: 'wire/x.ts', to: 'wire/c.ts', typeOnly: false },
      { from: 'wire/x.ts', to: 'wire/d.ts', typeOnly: false },
      { from: 'wire/x.ts', to: 'wire/e.ts', typeOnly: false },
    ]);
  });

  it('refuse an arrow that is not in the table', () => {
    expect(isAllowed({ from: 'zone/lookup.ts', to: 'registry/instance.ts', typeOnly: true })).toBe(false);
    expect(isAllowed({ from: 'transport/udp.ts', to: 'responder/exchange.ts', typeOnly: true })).toBe(true);
    expect(isAllowed({ from: 'transport/udp.ts', to: 'responder/exchange.ts', typeOnly: false })).toBe(false);
    expect(isAllowed({ from: 'cli/token.ts', to: 'http/tokens.ts', typeOnly: false })).toBe(true);
    expect(isAllowed({ from: 'cli/token.ts', to: 'http/server.ts', typeOnly: false })).toBe(false);
  });

  it('find a circle', () => {
    expect(circlesOf([['a', 'b'], ['b', 'c'], ['c', 'b'], ['c', 'd']])).toEqual(['b -> c -> b']);
  });

  it('follow the table', () => {
    const offenders = imports.filter((arrow) => !isAllowed(arrow)).map(({ from, to }) => `${from} imports ${to}`);
    expect(offenders).toEqual([]);
  });

  it('know every folder', () => {
    expect(Object.keys(allowed)).toEqual(expect.arrayContaining([...new Set(files.map(folderOf))]));
  });

  it('reach files that are there', () => {
    expect(imports.filter(({ to }) => !files.includes(to)).map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it('make no circle of folders', () => {
    expect(circlesOf(imports.map(({ from, to }) => [folderOf(from), folderOf(to)] as const).filter(([a, b]) => a !== b))).toEqual([]);
  });

  it('make no circle of files, but for types, which are gone when the program runs', () => {
    const arrows = imports.filter(({ typeOnly }) => !typeOnly);
    expect(circlesOf(arrows.map(({ from, to }) => [from, to] as const))).toEqual([]);
  });
});
