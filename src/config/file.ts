/** Reads a configuration file (YAML 1.2, of which JSON is a part) into option paths, with the place of every value. */
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { ConfigProblem } from './error.ts';
import { nearest } from '../runtime/nearest.ts';
import { options } from './schema.ts';

/** A value as it stands in the file, not judged yet. */
export interface FileValue {
  readonly path: string;
  readonly found: unknown;
  /** `signpost.yaml:3:9`; that of an element when its index is given. */
  readonly where: (index?: number) => string;
}

/** The options that `text` sets; syntax errors and unknown keys go to `problems`. */
export function readFileValues(file: string, text: string, problems: ConfigProblem[]): readonly FileValue[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  for (const { message, pos } of document.errors) problems.push({ path: '', where: at(pos[0]), message });
  if (document.errors.length > 0) return [];

  const values: FileValue[] = [];
  walk(document.contents, '');
  return values;

  function walk(node: Node | null, path: string): void {
    if (node === null || (isScalar(node) && node.value === null)) return;
    const group = path === '' ? 'the file' : path;
    if (!isMap(node)) {
      const message = `${group} must hold options, found ${shownNode(node, document)}`;
      problems.push({ path, where: at(node.range?.[0] ?? 0), message });
      return;
    }
    for (const { key, value } of node.items) {
      const name = (key as { value: string }).value;
      const inner = path === '' ? name : `${path}.${name}`;
      const place = (key as Node).range?.[0] ?? 0;
      if (Object.hasOwn(options, inner)) {
        const content = value as Node | null;
        const where = (index?: number): string => {
          const element = index !== undefined && isSeq(content) ? (content.items[index] as Node) : content;
          return at(element?.range?.[0] ?? place);
        };
        values.push({ path: inner, found: (content?.toJS(document) ?? null) as unknown, where });
      } else if (groups.has(inner)) {
        walk(value as Node | null, inner);
      } else {
        const message = `unknown option ${inner}; did you mean ${nearestPath(inner)}?`;
        problems.push({ path: inner, where: at(place), message });
      }
    }
  }
}

/** `dns` and `dns.tcp` of `dns.tcp.idle`: what holds options and is none. */
const groups = new Set(Object.keys(options).flatMap(groupsOf));

function groupsOf(path: string): string[] {
  const words = path.split('.').slice(0, -1);
  return words.map((_, index) => words.slice(0, index + 1).join('.'));
}

/** The option that is meant: one whose last word was written, though elsewhere, or the one with the fewest slips. */
function nearestPath(path: string): string {
  const known = [...Object.keys(options), ...groups];
  const word = path.slice(path.lastIndexOf('.') + 1);
  return nearest(path, known, 2) ?? known.find((candidate) => candidate.endsWith(`.${word}`)) ?? nearest(path, known)!;
}

function shownNode(node: Node, document: Document): string {
  return isSeq(node) ? 'a list' : JSON.stringify(node.toJS(document));
}
