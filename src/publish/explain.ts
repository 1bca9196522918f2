/**
 * Explain: why a question gets the answer it gets, and why an instance is or is not in it. It decides nothing itself:
 * verdicts and shares are those that were published, and the outcome comes from the lookup that DNS workers use.
 */
import type { Instance } from '../registry/instance.ts';
import { parseType, printType } from '../wire/codes.ts';
import { PresentationError } from '../wire/error.ts';
import { FoldedName } from '../wire/folded-name.ts';
import { foldName, type Name, parseName, printName } from '../wire/name.ts';
import { printRdata } from '../wire/rdata/rdata.ts';
import type { Mark } from '../zone/change.ts';
import { type Lookup, lookup } from '../zone/lookup.ts';
import { type Candidate, candidatesOf, type Question, type Reason } from './candidate.ts';
import type { Mode } from './decision.ts';
import { excerptFor } from './excerpt.ts';
import { type Meaning, meaningOf } from './names.ts';
import type { Publisher } from './publisher.ts';
import { addressOfReverseName } from './reverse.ts';
import type { PublishedService } from './service.ts';
import { isWithheld, jointMark } from './static.ts';
import type { PublishedZone } from './zone.ts';

export interface Explanation {
  /** The question, folded, in presentation form. */
  readonly name: string;
  readonly type: string;
  /** The zone that answers; null: none does, and the question is refused. */
  readonly zone: { readonly name: string; readonly kind: PublishedZone['kind']; readonly serial: number } | null;
  /** How the name is parsed; null where it is no name that registrations could make. */
  readonly meaning: Meaning | { readonly kind: 'reverse'; readonly address: string } | null;
  /** The service that the name belongs to; null where it belongs to none, or to one that does not exist. */
  readonly service: ServiceState | null;
  readonly candidates: readonly Candidate[];
  readonly outcome: Lookup['outcome'] | 'refused';
  /** The rrset that answers; of a delegation its NS records. */
  readonly records: readonly AnsweredRecord[];
  /** At most this many of the records go into one answer; null: all. */
  readonly limit: number | null;
  /** What clients that use EDNS are told with the answer (RFC 8914). */
  readonly extendedError: NonNullable<Mark['extendedError']> | null;
}

export interface ServiceState {
  readonly name: string;
  readonly mode: Mode;
  readonly emptyPolicy: string;
  readonly panicThreshold: number;
  /** How many are registered; of these not draining; of these healthy. */
  readonly instances: number;
  readonly staying: number;
  readonly answerable: number;
}

export interface AnsweredRecord {
  readonly name: string;
  readonly ttl: number;
  readonly type: string;
  readonly data: string;
}

export interface ExplainOptions {
  /** Octets of the largest UDP answer. */
  readonly udpSize: number;
  /** True where self-protection keeps an instance whose lease has ended. */
  readonly isProtected: (instance: Instance) => boolean;
}

/**
 * Explains the answer to `name` (absolute, with or without the final dot) and `type`. Throws PresentationError where
 * they are none.
 */
export function explain(publisher: Publisher, name: string, type: string, options: ExplainOptions): Explanation {
  const question = parseQuestion(name, type);
  const asText = { name: printName(question.name), type: printType(question.type) };
  const zone = publisher.zoneOf(question.name);
  if (zone === null) {
    return {
      ...asText,
      zone: null,
      meaning: null,
      service: null,
      candidates: [],
      outcome: 'refused',
      records: [],
      limit: null,
      extendedError: null,
    };
  }
  const service = zone.serviceAt(question.name);
  const mark = jointMark(zone.markAt(question.name), question.name, zone.statics);
  const { outcome, records, octets } = answerOf(zone, question);
  const circumstances = {
    isProtected: options.isProtected,
    withheld: isWithheld(question.name, zone.statics),
    onAnswered: remarksOn(records.length, octets, mark?.limit ?? null, options.udpSize),
  };
  return {
    ...asText,
    zone: { name: printName(zone.apex), kind: zone.kind, serial: zone.serial },
    meaning: meaningIn(zone, question.name),
    service: service === null ? null : stateOf(service),
    candidates: service === null ? [] : candidatesOf(service, question, circumstances),
    outcome,
    records,
    limit: mark?.limit ?? null,
    extendedError: mark?.extendedError ?? null,
  };
}

function parseQuestion(name: string, type: string): Question {
  const number = parseType(type);
  if (number === null) throw new PresentationError(type, 'a record type as in SRV');
  return { name: foldName(parseName(name)), type: number };
}

function meaningIn(zone: PublishedZone, name: Name): Explanation['meaning'] {
  if (zone.kind === 'services') return meaningOf(name, zone.apex);
  const address = zone.kind === 'reverse' ? addressOfReverseName(name) : null;
  return address === null ? null : { kind: 'reverse', address };
}

function stateOf({ name, roster: { decision, settings, instances, census } }: PublishedService): ServiceState {
  return {
    name,
    mode: decision.mode,
    emptyPolicy: settings?.emptyPolicy ?? 'nodata',
    panicThreshold: settings?.panicThreshold ?? 0,
    instances: instances.size,
    ...census,
  };
}

function answerOf(
  zone: PublishedZone,
  { name, type }: Question,
): { outcome: Lookup['outcome']; records: AnsweredRecord[]; octets: number } {
  const found = lookup(excerptFor(name, zone), FoldedName.of(name), type);
  if (!('rrset' in found)) return { outcome: found.outcome, records: [], octets: 0 };
  const { rrset, outcome } = found;
  const isElsewhere = outcome === 'delegation' || outcome === 'dname';
  const owner = printName(isElsewhere ? found.node.name : name);
  const rdata = Array.from({ length: rrset.size }, (_, i) => rrset.rdata(i));
  const records = rdata.map((each) => ({
    name: owner,
    ttl: rrset.ttl,
    type: printType(rrset.type),
    data: printRdata(rrset.type, each),
  }));
  const octets = rdata.reduce((sum, each) => sum + recordOverhead + each.length, messageOverhead + name.length);
  return { outcome, records, octets };
}

/** Header; type and class of the question; OPT. Then compressed owner, type, class, TTL and length of each record. */
const messageOverhead = 12 + 4 + 11;
const recordOverhead = 12;

function remarksOn(count: number, octets: number, limit: number | null, udpSize: number): Reason[] {
  const remarks: Reason[] = [];
  if (limit !== null && limit < count) {
    remarks.push({ code: 'limit', text: `each answer has ${limit} of the ${count} records` });
  }
  else if (octets > udpSize) {
    remarks.push({
      code: 'size',
      text: `the ${count} records do not fit into a UDP answer of ${udpSize} octets: it has some of them, TCP has all`,
    });
  }
  return remarks;
}
