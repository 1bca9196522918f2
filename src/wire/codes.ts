/**
 * Numbers of the IANA DNS parameters and their mnemonics; numbers without one print as TYPE123, CLASS7 (RFC 3597
 * section 5).
 */

export const RRType = {
  A: 1, NS: 2, MD: 3, MF: 4, CNAME: 5, SOA: 6, MB: 7, MG: 8, MR: 9, NULL: 10, WKS: 11, PTR: 12, HINFO: 13, MINFO: 14,
  MX: 15, TXT: 16, RP: 17, AFSDB: 18, X25: 19, ISDN: 20, RT: 21, NSAP: 22, 'NSAP-PTR': 23, SIG: 24, KEY: 25, PX: 26,
  GPOS: 27, AAAA: 28, LOC: 29, NXT: 30, EID: 31, NIMLOC: 32, SRV: 33, ATMA: 34, NAPTR: 35, KX: 36, CERT: 37, A6: 38,
  DNAME: 39, SINK: 40, OPT: 41, APL: 42, DS: 43, SSHFP: 44, IPSECKEY: 45, RRSIG: 46, NSEC: 47, DNSKEY: 48, DHCID: 49,
  NSEC3: 50, NSEC3PARAM: 51, TLSA: 52, SMIMEA: 53, HIP: 55, NINFO: 56, RKEY: 57, TALINK: 58, CDS: 59, CDNSKEY: 60,
  OPENPGPKEY: 61, CSYNC: 62, ZONEMD: 63, SVCB: 64, HTTPS: 65, DSYNC: 66, SPF: 99, NID: 104, L32: 105, L64: 106,
  LP: 107, EUI48: 108, EUI64: 109, NXNAME: 128, TKEY: 249, TSIG: 250, IXFR: 251, AXFR: 252, MAILB: 253, MAILA: 254,
  ANY: 255, URI: 256, CAA: 257, AVC: 258, DOA: 259, AMTRELAY: 260, RESINFO: 261, WALLET: 262, TA: 32768, DLV: 32769,
} as const;

export const RRClass = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const;

export const Opcode = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5, DSO: 6 } as const;

/** Those above 15 need an OPT record (RFC 6891 section 6.1.3); 16 is BADVERS in it and BADSIG in TSIG. */
export const Rcode = {
  NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, YXDOMAIN: 6, YXRRSET: 7, NXRRSET: 8,
  NOTAUTH: 9, NOTZONE: 10, DSOTYPENI: 11, BADVERS: 16, BADKEY: 17, BADTIME: 18, BADMODE: 19, BADNAME: 20, BADALG: 21,
  BADTRUNC: 22, BADCOOKIE: 23,
} as const;

export const OptionCode = {
  LLQ: 1, UL: 2, NSID: 3, DAU: 5, DHU: 6, N3U: 7, ECS: 8, EXPIRE: 9, COOKIE: 10, KEEPALIVE: 11, PADDING: 12, CHAIN: 13,
  KEYTAG: 14, EDE: 15, REPORTCHANNEL: 18, ZONEVERSION: 19,
} as const;

/** INFO-CODEs of extended DNS errors (RFC 8914 section 4 and the registry it opened). */
export const ExtendedError = {
  Other: 0, UnsupportedDnskeyAlgorithm: 1, UnsupportedDsDigestType: 2, StaleAnswer: 3, ForgedAnswer: 4,
  DnssecIndeterminate: 5, DnssecBogus: 6, SignatureExpired: 7, SignatureNotYetValid: 8, DnskeyMissing: 9,
  RrsigsMissing: 10, NoZoneKeyBitSet: 11, NsecMissing: 12, CachedError: 13, NotReady: 14, Blocked: 15, Censored: 16,
  Filtered: 17, Prohibited: 18, StaleNxdomainAnswer: 19, NotAuthoritative: 20, NotSupported: 21,
  NoReachableAuthority: 22, NetworkError: 23, InvalidData: 24, SignatureExpiredBeforeValid: 25, TooEarly: 26,
  UnsupportedNsec3IterationsValue: 27, UnableToConformToPolicy: 28, Synthesized: 29, InvalidQueryType: 30,
} as const;

const types = mnemonics(RRType, 'TYPE');
const classes = mnemonics(RRClass, 'CLASS');
const rcodes = mnemonics(Rcode, 'RCODE');

/** `SRV`, `TYPE731`. */
export const printType = types.print;
/** The number of `srv`, `TYPE731`; null when the text is neither. */
export const parseType = types.parse;
export const printClass = classes.print;
export const parseClass = classes.parse;
export const printRcode = rcodes.print;

/**
 * True for types that are asked for but never stored: OPT, TSIG, AXFR, ANY and the others of 128 to 255 (RFC 6895
 * section 3.1).
 */
export function isMetaType(type: number): boolean {
  return type === RRType.OPT || (type >= 128 && type <= 255);
}

function mnemonics(table: Readonly<Record<string, number>>, prefix: string) {
  const names = new Map(Object.entries(table).map(([name, code]) => [code, name]));
  const numbers = new Map(Object.entries(table));
  const generic = new RegExp(`^${prefix}(\\d{1,5})$`);
  return {
    print: (code: number): string => names.get(code) ?? `${prefix}${code}`,
    parse: (text: string): number | null => {
      const upper = text.toUpperCase();
      const known = numbers.get(upper);
      if (known !== undefined) return known;
      const code = Number(generic.exec(upper)?.[1] ?? NaN);
      return code <= 0xffff ? code : null;
    },
  };
}
