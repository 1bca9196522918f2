/** Values for property tests: names, rdata of every type that has a format, records, messages. */
import fc from 'fast-check';
import { formattedTypes, fieldsOf } from '../../src/wire/rdata/formats.ts';
import { ipsecGateway, amtRelay } from '../../src/wire/rdata/gateways.ts';
import { prefixList } from '../../src/wire/rdata/addresses.ts';
import { base64, hashedOwner, hexadecimal, nsapAddress, optionalBase64, salt } from '../../src/wire/rdata/binary.ts';
import { dsDigest, sshFingerprint, zoneDigest } from '../../src/wire/rdata/digests.ts';
import type { Field } from '../../src/wire/rdata/field.ts';
import { hostIdentity } from '../../src/wire/rdata/host-identity.ts';
import { location } from '../../src/wire/rdata/location.ts';
import { serviceParameters } from '../../src/wire/rdata/service-parameters.ts';
import {
  characterString,
  characterStrings,
  optionalString,
  propertyTag,
  remainingText,
} from '../../src/wire/rdata/texts.ts';
import { typeBitmap } from '../../src/wire/rdata/type-bitmap.ts';
import { wellKnownServices } from '../../src/wire/rdata/well-known-services.ts';
import type { Message, MessageRecord } from '../support/message.ts';
import { childOf, type Name, rootName } from '../../src/wire/name.ts';
import { type Octets, uint16Octets, uint32Octets, uint8Octets } from '../../src/wire/octets.ts';
import { maxTtl } from '../../src/wire/record.ts';
import { tokensOf } from '../../src/wire/tokens.ts';

const uint16 = fc.integer({ min: 0, max: 0xffff });
const join = (parts: readonly string[]): Octets => parts.join('') as Octets;

export function octets(constraints: { minLength: number; maxLength: number }): fc.Arbitrary<Octets> {
  return fc.uint8Array(constraints).map((bytes) => Buffer.from(bytes).toString('latin1') as Octets);
}

/** Labels of any octets, often of those that need escapes, often alike. */
const label = fc.oneof(
  fc
    .constantFrom('a', 'A', 'b', 'www', '_tcp', 'example', 'EXAMPLE', '*', '@', '$', '.', '\\', '"', ' ', '\0', 'a.b')
    .map((text) => text as Octets),
  octets({ minLength: 1, maxLength: 63 }),
);

export const name: fc.Arbitrary<Name> = fc
  .array(label, { maxLength: 6 })
  .map((labels) =>
    labels.reduce((parent, each) => (each.length + 1 + parent.length > 255 ? parent : childOf(each, parent)), rootName),
  );

/** Names as hosts have them, which every decoder shows alike. */
export const hostName: fc.Arbitrary<Name> = fc
  .array(fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/), { minLength: 1, maxLength: 5 })
  .map((labels) => labels.reduce<Name>((parent, each) => childOf(each, parent), rootName));

const string = octets({ minLength: 0, maxLength: 255 }).map((text) => (uint8Octets(text.length) + text) as Octets);
const data = octets({ minLength: 1, maxLength: 40 });
const ipv4 = octets({ minLength: 4, maxLength: 4 });
const gateway = fc.oneof(
  fc.constant([0, '']),
  fc.tuple(fc.constant(1), ipv4),
  fc.tuple(fc.constant(2), octets({ minLength: 16, maxLength: 16 })),
  fc.tuple(fc.constant(3), name),
) as fc.Arbitrary<[number, Octets]>;
const precision = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 9 }))
  .map(([digit, power]) => uint8Octets((digit << 4) | power));
const angle = (degrees: number): fc.Arbitrary<Octets> =>
  fc.integer({ min: -degrees * 3_600_000, max: degrees * 3_600_000 }).map((value) => uint32Octets(value + 2 ** 31));
const parameter = fc.tuple(fc.integer({ min: 9, max: 0xfffe }), octets({ minLength: 0, maxLength: 20 }));

/** A digest of a type that has so many octets, or of a type that nobody knows. */
function digestOf(type: number, length: number): fc.Arbitrary<Octets> {
  return fc.oneof(
    octets({ minLength: length, maxLength: length }).map((digest) => join([uint8Octets(type), digest])),
    data.map((digest) => join([uint8Octets(200), digest])),
  );
}

/** The octets of the fields that do not always take as many; the others take any. */
const ofField = new Map<Field, fc.Arbitrary<Octets>>([
  [characterString, string],
  [characterStrings, fc.array(string, { minLength: 1, maxLength: 3 }).map(join)],
  [optionalString, fc.oneof(string, fc.constant('' as Octets))],
  [remainingText, octets({ minLength: 0, maxLength: 300 })],
  [propertyTag, fc.stringMatching(/^[a-zA-Z0-9]{1,15}$/).map((tag) => (uint8Octets(tag.length) + tag) as Octets)],
  [base64, data],
  [hexadecimal, data],
  [nsapAddress, data],
  [optionalBase64, octets({ minLength: 0, maxLength: 40 })],
  [salt, string],
  [hashedOwner, data.map((hash) => (uint8Octets(hash.length) + hash) as Octets)],
  [
    typeBitmap,
    fc
      .uniqueArray(uint16, { maxLength: 8 })
      .map((types) => typeBitmap.parse(tokensOf(types.map((type) => `TYPE${type}`).join(' ')))),
  ],
  [
    ipsecGateway,
    fc
      .tuple(gateway, fc.integer({ min: 0, max: 255 }))
      .map(([[kind, target], algorithm]) => join([uint8Octets(kind), uint8Octets(algorithm), target])),
  ],
  [
    amtRelay,
    fc
      .tuple(gateway, fc.boolean())
      .map(([[kind, target], discovery]) => join([uint8Octets(kind | (discovery ? 0x80 : 0)), target])),
  ],
  [
    hostIdentity,
    fc
      .tuple(data, data, fc.array(name, { maxLength: 2 }))
      .map(([tag, key, servers]) =>
        join([uint8Octets(tag.length), '\x02', uint16Octets(key.length), tag, key, ...servers]),
      ),
  ],
  [dsDigest, digestOf(2, 32)],
  [sshFingerprint, digestOf(1, 20)],
  [zoneDigest, digestOf(1, 48)],
  [
    wellKnownServices,
    fc
      .tuple(
        fc.constant('\x06'),
        octets({ minLength: 0, maxLength: 20 }).map((bits) => bits.replace(/\0+$/, '')),
      )
      .map(join),
  ],
  [
    location,
    fc
      .tuple(fc.constant('\0'), precision, precision, precision, angle(90), angle(180), uint16.map(uint32Octets))
      .map(join),
  ],
  [
    prefixList,
    fc.array(fc.tuple(ipv4, fc.integer({ min: 0, max: 32 }), fc.boolean()), { maxLength: 3 }).map((items) =>
      join(
        items.map(([address, prefix, negated]) => {
          const significant = address.replace(/\0+$/, '');
          return (
            uint16Octets(1) + uint8Octets(prefix) + uint8Octets(significant.length | (negated ? 0x80 : 0)) + significant
          );
        }),
      ),
    ),
  ],
  [
    serviceParameters,
    fc
      .uniqueArray(parameter, { maxLength: 4, selector: ([key]) => key })
      .map((parameters) =>
        join(
          parameters
            .sort(([a], [b]) => a - b)
            .map(([key, value]) => uint16Octets(key) + uint16Octets(value.length) + value),
        ),
      ),
  ],
]);

function field(each: Field): fc.Arbitrary<Octets> {
  if (each.name !== undefined) return name;
  const known =
    ofField.get(each) ?? (each.size === undefined ? undefined : octets({ minLength: each.size, maxLength: each.size }));
  if (known === undefined) throw new Error('a field that no arbitrary is written for');
  return known;
}

/** Valid rdata of a type that has a format. */
export function rdataOf(type: number): fc.Arbitrary<Octets> {
  return fc.tuple(...fieldsOf(type)!.map(field)).map(join);
}

export const record: fc.Arbitrary<MessageRecord> = fc
  .constantFrom(...formattedTypes)
  .chain((type) =>
    fc.record({
      owner: name,
      type: fc.constant(type),
      class: fc.constant(1),
      ttl: fc.integer({ min: 0, max: maxTtl }),
      rdata: rdataOf(type),
    }),
  );

const records = fc.array(record, { maxLength: 4 });

export const message: fc.Arbitrary<Message> = fc
  .record({
    id: uint16,
    isResponse: fc.boolean(),
    opcode: fc.integer({ min: 0, max: 15 }),
    authoritative: fc.boolean(),
    truncated: fc.boolean(),
    recursionDesired: fc.boolean(),
    recursionAvailable: fc.boolean(),
    authenticData: fc.boolean(),
    checkingDisabled: fc.boolean(),
    questions: fc.array(fc.record({ name, type: uint16, class: uint16 }), { maxLength: 2 }),
    answers: records,
    authorities: records,
    additionals: records,
    rcode: fc.integer({ min: 0, max: 15 }),
    edns: fc.option(
      fc.record({
        payloadSize: uint16,
        extendedRcode: fc.integer({ min: 0, max: 255 }),
        version: fc.integer({ min: 0, max: 255 }),
        dnssecOk: fc.boolean(),
        options: fc.array(fc.record({ code: uint16, data: octets({ minLength: 0, maxLength: 30 }) }), { maxLength: 3 }),
      }),
    ),
  })
  .map((value) => ({ ...value, rcode: value.rcode | ((value.edns?.extendedRcode ?? 0) << 4) }));
