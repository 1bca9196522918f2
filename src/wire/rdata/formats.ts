/**
 * The rdata of every type we know, one line a type: its fields in order. A type that is not here is opaque octets (RFC
 * 3597).
 */
import { RRType } from '../codes.ts';
import { ipv4, ipv6, prefixList } from './addresses.ts';
import {
  base64, hashedOwner, hexadecimal, hyphenated, nodeIdentifier, nsapAddress, optionalBase64, salt,
} from './binary.ts';
import { dsDigest, sshFingerprint, zoneDigest } from './digests.ts';
import type { Field } from './field.ts';
import { amtRelay, ipsecGateway } from './gateways.ts';
import { hostIdentity } from './host-identity.ts';
import { location } from './location.ts';
import { compressedName, decompressedName, plainName } from './names.ts';
import { certificateType, dnssecAlgorithm, period, timestamp, typeCode, uint16, uint32, uint8 } from './numbers.ts';
import { serviceParameters } from './service-parameters.ts';
import { characterString, characterStrings, optionalString, propertyTag, remainingText } from './texts.ts';
import { typeBitmap } from './type-bitmap.ts';
import { wellKnownServices } from './well-known-services.ts';

const formats: Readonly<Partial<Record<keyof typeof RRType, readonly Field[]>>> = {
  A: [ipv4],
  NS: [compressedName],
  MD: [compressedName],
  MF: [compressedName],
  CNAME: [compressedName],
  SOA: [compressedName, compressedName, uint32, period, period, period, period],
  MB: [compressedName],
  MG: [compressedName],
  MR: [compressedName],
  WKS: [ipv4, wellKnownServices],
  PTR: [compressedName],
  HINFO: [characterString, characterString],
  MINFO: [compressedName, compressedName],
  MX: [uint16, compressedName],
  TXT: [characterStrings],
  RP: [decompressedName, decompressedName],
  AFSDB: [uint16, decompressedName],
  X25: [characterString],
  ISDN: [characterString, optionalString],
  RT: [uint16, decompressedName],
  NSAP: [nsapAddress],
  'NSAP-PTR': [plainName],
  SIG: [typeCode, dnssecAlgorithm, uint8, uint32, timestamp, timestamp, uint16, decompressedName, base64],
  KEY: [uint16, uint8, dnssecAlgorithm, optionalBase64],
  PX: [uint16, decompressedName, decompressedName],
  GPOS: [characterString, characterString, characterString],
  AAAA: [ipv6],
  LOC: [location],
  SRV: [uint16, uint16, uint16, decompressedName],
  NAPTR: [uint16, uint16, characterString, characterString, characterString, decompressedName],
  KX: [uint16, plainName],
  CERT: [certificateType, uint16, dnssecAlgorithm, base64],
  DNAME: [plainName],
  APL: [prefixList],
  DS: [uint16, dnssecAlgorithm, dsDigest],
  SSHFP: [uint8, sshFingerprint],
  IPSECKEY: [uint8, ipsecGateway, optionalBase64],
  RRSIG: [typeCode, dnssecAlgorithm, uint8, uint32, timestamp, timestamp, uint16, plainName, base64],
  NSEC: [plainName, typeBitmap],
  DNSKEY: [uint16, uint8, dnssecAlgorithm, base64],
  DHCID: [base64],
  NSEC3: [uint8, uint8, uint16, salt, hashedOwner, typeBitmap],
  NSEC3PARAM: [uint8, uint8, uint16, salt],
  TLSA: [uint8, uint8, uint8, hexadecimal],
  SMIMEA: [uint8, uint8, uint8, hexadecimal],
  HIP: [hostIdentity],
  NINFO: [characterStrings],
  RKEY: [uint16, uint8, dnssecAlgorithm, base64],
  TALINK: [plainName, plainName],
  CDS: [uint16, dnssecAlgorithm, dsDigest],
  CDNSKEY: [uint16, uint8, dnssecAlgorithm, base64],
  OPENPGPKEY: [base64],
  CSYNC: [uint32, uint16, typeBitmap],
  ZONEMD: [uint32, uint8, zoneDigest],
  SVCB: [uint16, plainName, serviceParameters],
  HTTPS: [uint16, plainName, serviceParameters],
  DSYNC: [typeCode, uint8, uint16, plainName],
  SPF: [characterStrings],
  NID: [uint16, nodeIdentifier],
  L32: [uint16, ipv4],
  L64: [uint16, nodeIdentifier],
  LP: [uint16, plainName],
  EUI48: [hyphenated(6)],
  EUI64: [hyphenated(8)],
  URI: [uint16, uint16, remainingText],
  CAA: [uint8, propertyTag, remainingText],
  AVC: [characterStrings],
  AMTRELAY: [uint8, amtRelay],
  RESINFO: [characterStrings],
  WALLET: [characterStrings],
  TA: [uint16, dnssecAlgorithm, dsDigest],
  DLV: [uint16, dnssecAlgorithm, dsDigest],
};

const byType = new Map<number, readonly Field[]>(
  Object.entries(formats).map(([name, fields]) => [RRType[name as keyof typeof RRType], fields]),
);

/** The fields of a type; undefined: its rdata is opaque. */
export function fieldsOf(type: number): readonly Field[] | undefined {
  return byType.get(type);
}

/** Types whose rdata has fields, for those who go through them all. */
export const formattedTypes: readonly number[] = [...byType.keys()];
