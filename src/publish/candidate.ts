/** Candidates: each instance that a name might mean, and why it is or is not in the answer. */
import { type Instance, type Status, statusOf } from '../registry/instance.ts';
import { printType, RRType } from '../wire/codes.ts';
import type { Name } from '../wire/name.ts';
import { isAnswered, type Verdict, verdictOn } from './decision.ts';
import { type Meaning, meaningOf } from './names.ts';
import type { Rdata } from './rdata.ts';
import { answeredWeight, ownRecords } from './records.ts';
import type { PublishedService } from './service.ts';

export interface Candidate {
  readonly id: string;
  /** True when it has a record among those that the answer is taken from. */
  readonly answered: boolean;
  readonly reasons: readonly Reason[];
  readonly status: Status;
  readonly priority: number;
  /** As answered: half while the instance warns. */
  readonly weight: number;
  readonly addresses: readonly string[];
  readonly port: number | null;
}

export interface Reason {
  readonly code: Verdict | Unfit | Remark;
  /** One sentence for people. */
  readonly text: string;
}

/** Why an instance has no record of the type at the name, however healthy it is. */
export type Unfit = 'protocol' | 'port' | 'tag' | 'selector' | 'type' | 'priority' | 'zone-file';

/** What else is to be known. `registered`: at its own names an instance is answered whatever its health. */
export type Remark = 'registered' | 'lease-late' | 'protected' | 'limit' | 'size';

export interface Question {
  /** Folded. */
  readonly name: Name;
  readonly type: number;
}

/** What is the same for all instances. */
export interface Circumstances {
  /** True where the zone file has a CNAME at the name, beside which nothing registered is published. */
  readonly withheld: boolean;
  /** Said of each instance that is answered: not every answer has all. */
  readonly onAnswered: readonly Reason[];
  /** True where self-protection keeps an instance whose lease has ended. */
  readonly isProtected: (instance: Instance) => boolean;
}

/** The instances of `service` that the question might mean: all of them, or at a name of one instance that one. */
export function candidatesOf(service: PublishedService, question: Question, around: Circumstances): Candidate[] {
  const meaning = meaningOf(question.name, service.zone);
  const instances = [...service.roster.instances.values()];
  const meant = 'id' in meaning ? instances.filter(({ id }) => id === meaning.id) : instances;
  return meant.map((instance) => candidateOf(instance, service, question, meaning, around));
}

function candidateOf(
  instance: Instance,
  service: PublishedService,
  question: Question,
  meaning: Meaning,
  { withheld, isProtected, onAnswered }: Circumstances,
): Candidate {
  const reasons =
    'id' in meaning ? ownReasons(instance, service, question) : sharedReasons(instance, service, question, meaning);
  if (withheld) reasons.push({ code: 'zone-file', text: 'the zone file has a CNAME here, and so nothing registered' });
  const answered = !reasons.some(({ code }) => exclusions.has(code));
  if (instance.late) reasons.push({ code: 'lease-late', text: 'its renewal is late, so its TTLs are short' });
  if (isProtected(instance)) reasons.push({ code: 'protected', text: 'its lease is over; self-protection keeps it' });
  if (answered) reasons.push(...onAnswered);
  const { id, priority, addresses, port } = instance;
  const [status, weight] = [statusOf(instance), answeredWeight(instance)];
  return { id, answered, reasons, status, priority, weight, addresses, port };
}

const exclusions: ReadonlySet<Reason['code']> = new Set<Verdict | Unfit>([
  ...(['draining', 'declared-critical', 'check-critical', 'check-pending'] as const),
  ...(['protocol', 'port', 'tag', 'selector', 'type', 'priority', 'zone-file'] as const),
]);

const verdictTexts: Readonly<Record<Verdict, string>> = {
  passing: 'it is healthy',
  warning: 'it is healthy with a warning: it is answered with half its weight',
  panic: 'too few instances are healthy, so all that are not draining are answered',
  'fail-open': 'no instance is healthy, so all that are not draining are answered',
  'last-known-good': 'no instance is healthy, and it is one of those that were last',
  draining: 'it is draining',
  'declared-critical': 'its owner says that it is critical',
  'check-critical': 'its health check fails',
  'check-pending': 'its health check has not passed yet',
};

function ownReasons(instance: Instance, service: PublishedService, { name, type }: Question): Reason[] {
  const here = ownRecords(service.zone, instance).filter(({ owner }) => owner === name);
  const reasons: Reason[] = [{ code: 'registered', text: 'its own names are answered as long as it is registered' }];
  return here.some((rrset) => isAskedFor(rrset, type)) ? reasons : [...reasons, lacksType(type)];
}

function sharedReasons(
  instance: Instance,
  service: PublishedService,
  { name, type }: Question,
  meaning: Meaning,
): Reason[] {
  const { decision } = service.roster;
  const verdict = verdictOn(instance, decision);
  const reasons: Reason[] = [{ code: verdict, text: verdictTexts[verdict] }];
  const share = service.sharesOf(instance).find(({ owner }) => owner === name);
  if (share === undefined) return [...reasons, unfitFor(meaning, instance)];
  if (share.records.some((record) => isAskedFor(record, type))) return reasons;
  if (!share.addresses.some((record) => isAskedFor(record, type))) return [...reasons, lacksType(type)];
  const { priority } = instance;
  const answeredPriority = service.addressPriorityAt(name);
  if (isAnswered(instance, decision) && priority !== answeredPriority) {
    const text = `its priority is ${priority}, and addresses are those of priority ${answeredPriority}`;
    reasons.push({ code: 'priority', text });
  }
  return reasons;
}

/** Why the instance has no share in a name with this meaning. */
function unfitFor(meaning: Meaning, { protocol, tags }: Instance): Reason {
  if ('protocol' in meaning && meaning.kind !== 'port' && protocol !== meaning.protocol) {
    return { code: 'protocol', text: `its protocol is ${protocol}` };
  }
  if ('tag' in meaning && !tags.includes(meaning.tag)) return { code: 'tag', text: `it has no tag ${meaning.tag}` };
  switch (meaning.kind) {
    case 'selector':
      return { code: 'selector', text: 'its tags are not those that the selector asks for' };
    case 'port':
      return { code: 'port', text: `it has no port ${meaning.port} of ${meaning.protocol}` };
    default:
      return { code: 'port', text: 'it has no default port' };
  }
}

function lacksType(type: number): Reason {
  return { code: 'type', text: `it has no ${printType(type)} record at this name` };
}

function isAskedFor(record: Pick<Rdata, 'type'>, type: number): boolean {
  return type === RRType.ANY || record.type === type;
}
