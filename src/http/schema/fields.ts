/**
 * How the shapes of API version 1 are written, and the fields that several of them have. Each shape is said once:
 * requests are checked by it, the OpenAPI document is made of it, and clients import its type. What only the registry
 * can judge (labels, addresses) is left to it.
 */
import { type TProperties, Type } from 'typebox';
import type { Status } from '../../registry/instance.ts';

/** An object that takes no other fields: a typing slip must not pass. */
export function closed<Properties extends TProperties>(properties: Properties, description?: string) {
  return Type.Object(properties, { additionalProperties: false, ...(description !== undefined && { description }) });
}

export function oneOf<const Word extends string>(words: readonly Word[], description: string) {
  return Type.Unsafe<Word>({ type: 'string', enum: words, description });
}

export const whole = (minimum: number, maximum: number, description: string) =>
  Type.Integer({ minimum, maximum, description });
export const seconds = (minimum: number, maximum: number, description: string) =>
  Type.Number({ minimum, maximum, description });
export const labels = (description: string) => Type.Array(Type.String(), { description });
export const time = (description: string) => Type.String({ format: 'date-time', description });

export const orNull = <Schema extends { readonly type: string }>(schema: Schema) => ({
  ...schema,
  type: [schema.type, 'null'],
});

export const reference = { service: Type.String(), id: Type.String(), zone: Type.String() };
export const generation = whole(0, Number.MAX_SAFE_INTEGER, 'Number of the registration, as its reply told it.');
export const revision = Type.Integer({ minimum: 0, description: 'Number of the change.' });

export const statuses: readonly Status[] = ['unknown', 'passing', 'warning', 'critical', 'draining'];
export const status = oneOf(
  statuses,
  'The worse of what the owner declares and the checks observe; passing and warning are answered in DNS.',
);
export const declaredStatus = oneOf(
  ['passing', 'warning', 'critical', 'draining'],
  'What the owner says of the instance; passing unless set.',
);
