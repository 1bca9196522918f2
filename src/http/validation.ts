/** What is wrong with a body or query that the schema refuses, in words that say what was found and what was wanted. */
import type { FastifySchemaValidationError } from 'fastify/types/schema.js';
import { nearest } from '../runtime/nearest.ts';
import { Problem } from './problem.ts';

/** Ajv's error with `verbose: true`. */
interface SchemaError extends FastifySchemaValidationError {
  /** What was found. */
  readonly data?: unknown;
  /** The schema with the rule that was broken. */
  readonly parentSchema?: {
    readonly properties?: Readonly<Record<string, unknown>>;
    readonly minimum?: number;
    readonly maximum?: number;
  };
}

/** Turns Ajv's first error into a problem; `where` is `body` or `querystring`. */
export function schemaProblem(errors: readonly SchemaError[], where: string): Problem {
  const error = errors[0]!;
  const path = pathOf(error.instancePath);
  const subject = path === '' ? (where === 'querystring' ? 'the query' : 'the body') : path;
  switch (error.keyword) {
    case 'additionalProperties': {
      const field = String(error.params['additionalProperty']);
      const known = nearest(field, Object.keys(error.parentSchema?.properties ?? {}));
      const hint = known === null ? '; none is known here' : `; the nearest known one is "${known}"`;
      return new Problem(
        'unknown-field',
        `found ${where === 'querystring' ? 'parameter' : 'field'} ${shown(field)}${hint}`,
        { path: joined(path, field) },
      );
    }
    case 'required': {
      const field = String(error.params['missingProperty']);
      return new Problem('missing-field', `${subject} has no field "${field}"`, { path: joined(path, field) });
    }
    default:
      return new Problem('invalid-value', `${subject} is ${shown(error.data)}, wanted ${wanted(error)}`, {
        path: path === '' ? null : path,
      });
  }
}

function wanted({ keyword, params, parentSchema, message }: SchemaError): string {
  switch (keyword) {
    case 'type':
      return [params['type']]
        .flat()
        .map((type) => typeNames[String(type)] ?? String(type))
        .join(' or ');
    case 'minimum':
    case 'maximum':
      return `${parentSchema?.minimum ?? 'any'} to ${parentSchema?.maximum ?? 'any'}`;
    case 'enum':
      return `one of ${(params['allowedValues'] as unknown[]).map((value) => JSON.stringify(value)).join(', ')}`;
    case 'maxItems':
      return `at most ${String(params['limit'])} entries`;
    case 'pattern':
      return `text that matches ${String(params['pattern'])}`;
    default:
      return message ?? `what ${keyword} allows`;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

/** What was found, short enough for a message. */
function shown(found: unknown): string {
  if (Array.isArray(found)) return `a list of ${found.length}`;
  if (typeof found === 'object' && found !== null) return 'an object';
  const text = (JSON.stringify(found) as string | undefined) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** `/ports/grpc/port` of JSON Pointer (RFC 6901) as `ports.grpc.port`. */
function pathOf(pointer: string): string {
  return pointer.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
}

function joined(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}
