/**
 * Where in rdata the names are, worked out once from formats.ts: for compression on the way out, and for what must look
 * names up.
 */
import type { Name } from '../name.ts';
import type { Octets } from '../octets.ts';
import type { NameUse } from './field.ts';
import { fieldsOf, formattedTypes } from './formats.ts';
import { nameEnd } from './names.ts';

export interface NameLayout {
  /** Octets in front of the first name, always as many. */
  readonly prefix: number;
  /** Names in a row, 1 or 2. */
  readonly count: number;
  readonly use: NameUse;
}

// An array without large indices stays one in V8, and this is looked at for every record of an answer.
const layouts: (NameLayout | undefined)[] = [];
for (const type of formattedTypes) {
  const layout = layoutOf(type);
  if (layout !== undefined) layouts[type] = layout;
}

/** The names that begin at a fixed place of the rdata; undefined for types without. */
export function nameLayout(type: number): NameLayout | undefined {
  return layouts[type];
}

/**
 * The first such name: the target of NS, CNAME, PTR, MX, SRV, SVCB and their kind, the MNAME of SOA; null for types
 * without.
 */
export function targetOf(type: number, rdata: Octets): Name | null {
  const layout = layouts[type];
  return layout === undefined ? null : (rdata.slice(layout.prefix, nameEnd(rdata, layout.prefix)) as Name);
}

function layoutOf(type: number): NameLayout | undefined {
  let prefix = 0;
  const fields = fieldsOf(type) ?? [];
  for (const [i, field] of fields.entries()) {
    if (field.name !== undefined) return { prefix, count: fields[i + 1]?.name === undefined ? 1 : 2, use: field.name };
    if (field.size === undefined) return undefined;
    prefix += field.size;
  }
  return undefined;
}
