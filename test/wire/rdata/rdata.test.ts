import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseType, printType, RRType } from '../../../src/wire/codes.ts';
import { WireError } from '../../../src/wire/error.ts';
import { parseName } from '../../../src/wire/name.ts';
import type { Octets } from '../../../src/wire/octets.ts';
import { formattedTypes } from '../../../src/wire/rdata/formats.ts';
import { nameLayout, targetOf } from '../../../src/wire/rdata/layout.ts';
import { checkRdata, foldRdata, isRdata, parseRdata, printRdata, readRdata } from '../../../src/wire/rdata/rdata.ts';
import { octets, rdataOf } from '../arbitrary.ts';

const origin = parseName('example.');

function hex(rdata: Octets): string {
  return Buffer.from(rdata, 'latin1').toString('hex');
}

function rdataFrom(digits: string): Octets {
  return Buffer.from(digits.replaceAll(' ', ''), 'hex').toString('latin1') as Octets;
}

describe('rdata of every type that has a format', () => {
  it.each(formattedTypes.map((type) => [printType(type), type]))(
    '%s prints as text that reads back as the same octets',
    (_, type) => {
      fc.assert(
        fc.property(rdataOf(type), (rdata) => {
          checkRdata(type, rdata);
          expect(hex(parseRdata(type, printRdata(type, rdata)))).toBe(hex(rdata));
        }),
        { numRuns: 60 },
      );
    },
  );

  it.each(formattedTypes.map((type) => [printType(type), type]))(
    '%s is judged without a crash whatever the octets are',
    (_, type) => {
      fc.assert(
        fc.property(
          fc.oneof(
            octets({ minLength: 0, maxLength: 60 }),
            rdataOf(type).map((rdata) => rdata.slice(0, -1) as Octets),
          ),
          (rdata) => {
            const buffer = Buffer.from(rdata, 'latin1');
            if (isRdata(type, rdata)) expect(hex(parseRdata(type, printRdata(type, rdata)))).toMatch(/^[0-9a-f]*$/);
            else expect(printRdata(type, rdata)).toMatch(/^\\# \d+/);
            try {
              readRdata(type, buffer, 0, buffer.length);
            } catch (error) {
              expect(error).toBeInstanceOf(WireError);
            }
          },
        ),
        { numRuns: 60 },
      );
    },
  );
});

/** What people write, and what we print for it where that differs. */
const presentation: [type: string, text: string, printed?: string][] = [
  ['SOA', 'ns hostmaster 2026010101 1h 15m 2w 5', 'ns.example. hostmaster.example. 2026010101 3600 900 1209600 5'],
  ['NS', 'ns1', 'ns1.example.'],
  ['A', '192.0.2.1'],
  ['AAAA', '2001:DB8:0:0:1::1', '2001:db8::1:0:0:1'],
  ['CNAME', '@', 'example.'],
  ['DNAME', 'other.example.'],
  ['MX', '10 mail', '10 mail.example.'],
  ['TXT', 'plain "with blank" "a;b" \\"q\\" \\195\\188', '"plain" "with blank" "a;b" "\\"q\\"" "\\195\\188"'],
  ['TXT', '""'],
  ['PTR', 'host.example.org.'],
  ['SRV', '10 100 8080 a.web', '10 100 8080 a.web.example.'],
  ['SRV', '0 0 0 .'],
  ['CAA', '0 issue "ca.example; account=1"'],
  ['CAA', '128 iodef mailto:a@b.example', '128 iodef "mailto:a@b.example"'],
  ['NAPTR', '100 50 "s" "http+I2L+I2C+I2R" "" _http._tcp.foo.com.'],
  ['TLSA', '3 1 1 0d6fce3c 2f4f9bfc', '3 1 1 0D6FCE3C2F4F9BFC'],
  ['SSHFP', '2 1 123456789abcdef67890 123456789abcdef67890', '2 1 123456789ABCDEF67890123456789ABCDEF67890'],
  [
    'DS',
    '60485 RSASHA1 1 2BB183AF5F22588179A53B0A98631FAD1A292118',
    '60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118',
  ],
  ['DNSKEY', '257 3 ECDSAP256SHA256 AQPSKmyn fzW4kyBv', '257 3 13 AQPSKmynfzW4kyBv'],
  [
    'RRSIG',
    'A 5 3 86400 20030322173103 20030220173103 2642 example.com. oJB1',
    'A 5 3 86400 20030322173103 20030220173103 2642 example.com. oJB1',
  ],
  ['NSEC', 'host A MX RRSIG NSEC TYPE1234', 'host.example. A MX RRSIG NSEC TYPE1234'],
  ['NSEC3', '1 1 12 AABBCCDD 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A RRSIG'],
  ['NSEC3PARAM', '1 0 0 -'],
  ['CDS', '0 0 0 00'],
  ['CDNSKEY', '0 3 0 AA=='],
  ['HINFO', 'PC "Debian 12"', '"PC" "Debian 12"'],
  ['RP', 'joe.example. .'],
  ['AFSDB', '1 afs.example.'],
  ['LOC', '42 21 54 N 71 06 18 W -24m 30m', '42 21 54.000 N 71 6 18.000 W -24.00m 30.00m 10000.00m 10.00m'],
  ['LOC', '52 14 05.12 N 0 08 50 E 10m 1m 2m 3m', '52 14 5.120 N 0 8 50.000 E 10.00m 1.00m 2.00m 3.00m'],
  ['MINFO', 'a b', 'a.example. b.example.'],
  ['URI', '10 1 "ftp://ftp1.example.com/public"'],
  ['OPENPGPKEY', 'AQNR U3mG', 'AQNRU3mG'],
  ['CSYNC', '66 3 A NS AAAA'],
  ['ZONEMD', `2018031500 1 1 ${'FEBE3D4C'.repeat(12)}`],
  ['ZONEMD', '2018031500 1 240 FEBE3D4C'],
  ['WKS', '192.0.2.1 TCP smtp domain 80', '192.0.2.1 6 25 53 80'],
  [
    'HIP',
    '2 200100107B1A74DF365639CC39F1D578 AwEAAbdx rvs1.example.',
    '2 200100107B1A74DF365639CC39F1D578 AwEAAbdx rvs1.example.',
  ],
  ['EUI48', '00-00-5E-00-53-2A', '00-00-5e-00-53-2a'],
  ['EUI64', '00-00-5e-ef-10-00-00-2a'],
  ['KX', '10 kx.example.'],
  ['CERT', 'PKIX 65534 RSASHA256 MxFcby9k', '1 65534 8 MxFcby9k'],
  ['DHCID', 'AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA='],
  ['APL', '1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8'],
  ['APL', ''],
  ['IPSECKEY', '10 1 2 192.0.2.38 AQNRU3mG'],
  ['IPSECKEY', '10 0 0 .'],
  ['AMTRELAY', '10 0 3 relay.example.'],
  ['NID', '10 0014:4fff:ff20:ee64'],
  ['L32', '10 10.1.2.0'],
  ['L64', '10 2001:db8:1140:1000', '10 2001:0db8:1140:1000'],
  ['LP', '10 l64.example.'],
  ['X25', '311061700956', '"311061700956"'],
  ['ISDN', '150862028003217 004', '"150862028003217" "004"'],
  ['GPOS', '-32.6882 116.8652 10.0', '"-32.6882" "116.8652" "10.0"'],
  ['NSAP', '0x47.0005.80', '0x47000580'],
  ['PX', '50 a.example. b.example.'],
  ['DSYNC', 'CDS 1 5359 scanner.example.'],
  ['HTTPS', '1 . alpn=h3,h2 port=8443', '1 . alpn="h3,h2" port="8443"'],
];

describe('parseRdata and printRdata', () => {
  it.each(presentation)('%s %s', (mnemonic, text, printed = text) => {
    const type = parseType(mnemonic)!;
    const rdata = parseRdata(type, text, origin);
    expect(printRdata(type, rdata)).toBe(printed);
    expect(isRdata(type, rdata)).toBe(true);
  });

  it.each([
    ['A', '192.0.2', 'an IPv4 address'],
    ['A', '192.0.2.01', 'an IPv4 address'],
    ['A', '192.0.2.1 192.0.2.2', 'nothing after the rdata of A'],
    ['A', '', 'found nothing more, wanted an IPv4 address'],
    ['AAAA', '::1::', 'an IPv6 address'],
    ['SRV', '10 65536 1 a', 'found "65536", wanted a number from 0 to 65535'],
    ['SRV', '10 1 -1 a', 'found "-1", wanted a number from 0 to 65535'],
    ['SRV', '10 1 1', 'wanted a domain name'],
    ['MX', 'mail 10', 'found "mail", wanted a number from 0 to 65535'],
    ['SOA', 'a b 1 2 3 4 1x', 'a period'],
    ['SOA', 'a b 1 2 3 4 1192046w', 'a period'],
    ['TXT', 'x'.repeat(256), 'at most 255 octets'],
    ['TXT', '', 'wanted a character string'],
    ['TXT', 'v="spf1 -all"', 'for a quote inside of a word'],
    ['CAA', '0 is_sue x', 'a property tag'],
    ['TLSA', '3 1 1 abc', 'hexadecimal digits'],
    ['TLSA', '3 1 1', 'hexadecimal digits'],
    ['DS', '1 FOO 1 ab', 'a DNSSEC algorithm'],
    ['DNSKEY', '257 3 8 AQ=', 'base64'],
    ['RRSIG', 'A 5 3 1 20030230173103 20030220173103 1 a. AA==', 'a time'],
    ['NSEC', 'a. A NOPE', 'found "NOPE", wanted a record type'],
    ['NSEC3', '1 1 12 - 2W A', 'base32hex'],
    ['LOC', '91 N 0 E 0', 'at most 90 degrees'],
    ['LOC', '42 60 N 0 E 0', 'at most 90 degrees'],
    ['LOC', '52 N 4 30.5 E 0', 'at most 180 degrees'],
    ['LOC', '42 N 71 W high', 'metres'],
    ['APL', '3:192.0.2.0/24', 'an address prefix'],
    ['EUI48', '00-00-5e-00-53', '6 octets'],
    ['DS', '1 8 2 abab', 'the 32 octets of a digest of type 2'],
    ['WKS', '192.0.2.1 TCP gopher', 'a port from 0 to 65535'],
    ['HIP', '2 2001', 'wanted a public key'],
    ['NXT', 'a. A', '\\# and the rdata in hexadecimal'],
  ])('refuse %s %s', (mnemonic, text, message) => {
    expect(() => parseRdata(parseType(mnemonic)!, text, origin)).toThrow(message);
  });
});

/** RFC 3597 section 5. */
describe('the generic form of rdata', () => {
  it.each([
    [731, '\\# 6 abcd ef 01 23 45', 'abcdef012345', '\\# 6 ABCDEF012345'],
    [62347, '\\# 0', '', '\\# 0'],
    [RRType.A, '\\# 4 0A000001', '0a000001', '10.0.0.1'],
    [RRType.A, '10.0.0.2', '0a000002', '10.0.0.2'],
    [RRType.TXT, '"\\#" 4', '01230134', '"#" "4"'],
  ])('TYPE%i %s', (type, text, digits, printed) => {
    const rdata = parseRdata(type, text);
    expect(hex(rdata)).toBe(digits);
    expect(printRdata(type, rdata)).toBe(printed);
  });

  it.each([
    [731, '\\# 3 abcd', '3 octets in hexadecimal'],
    [731, '\\# 2 abc', 'hexadecimal digits'],
    [731, '\\#', 'the length of the rdata'],
    [731, '\\# 65536 00', 'a number from 0 to 65535'],
    [731, 'abcd', '\\# and the rdata in hexadecimal'],
    [RRType.A, '\\# 3 0A0000', 'rdata of A'],
    [RRType.MX, '\\# 4 000ac00c', 'rdata of MX'],
  ])('refuses TYPE%i %s', (type, text, message) => {
    expect(() => parseRdata(type, text)).toThrow(message);
  });
});

describe('checkRdata', () => {
  it.each([
    ['A', '0a0000', 'bad-rdata', 3],
    ['A', '0a00000000', 'bad-rdata', 4],
    ['MX', '000a 0161', 'bad-rdata', 4],
    ['MX', '000a c00c', 'bad-pointer', 2],
    ['NS', '4161', 'bad-label', 0],
    ['TXT', '', 'bad-rdata', 0],
    ['TXT', '0361 62', 'bad-rdata', 3],
    ['CAA', '00 00 61', 'bad-rdata', 1],
    ['NSEC', '00 0001 00', 'bad-rdata', 3],
    ['NSEC', '00 0100', 'bad-rdata', 1],
    ['NSEC', '00 0001 40 0001 40', 'bad-rdata', 4],
    ['SVCB', '0001 00 0003 0001 35', 'bad-rdata', 7],
    ['LOC', `01${'00'.repeat(15)}`, 'bad-rdata', 0],
    ['APL', '0001 08 02 0a00', 'bad-rdata', 5],
    ['NS', `${'3f'.concat('61'.repeat(63)).repeat(4)}00`, 'name-too-long', 0],
  ])('refuses %s %s: %s at octet %i', (mnemonic, digits, code, offset) => {
    expect(() => checkRdata(parseType(mnemonic)!, rdataFrom(digits))).toThrow(
      expect.objectContaining({ code, offset }),
    );
  });
});

describe('readRdata', () => {
  const message = Buffer.from('header......\x03www\x07example\0', 'latin1');

  it.each([
    ['MX', '000a c010', '10 example.'],
    ['SOA', 'c00c 0161 c010 00000001 00000002 00000003 00000004 00000005', 'www.example. a.example. 1 2 3 4 5'],
    ['SRV', '0001 0002 0003 c00c', '1 2 3 www.example.'],
    ['NAPTR', '0001 0002 0161 0162 0163 c00c', '1 2 "a" "b" "c" www.example.'],
  ])('decompresses the names of %s', (mnemonic, digits, printed) => {
    const type = parseType(mnemonic)!;
    const buffer = Buffer.concat([message, Buffer.from(digits.replaceAll(' ', ''), 'hex')]);
    expect(printRdata(type, readRdata(type, buffer, message.length, buffer.length))).toBe(printed);
  });

  it.each(['DNAME', 'KX', 'SVCB', 'NSEC', 'LP'])(
    'refuses compression in %s, which never had it (RFC 3597 section 4)',
    (mnemonic) => {
      const type = parseType(mnemonic)!;
      const prefix = '\0'.repeat(nameLayout(type)!.prefix);
      const buffer = Buffer.concat([message, Buffer.from(`${prefix}\xc0\x0c\0\x01\x40`, 'latin1')]);
      expect(() => readRdata(type, buffer, message.length, buffer.length)).toThrow(
        expect.objectContaining({ code: 'bad-pointer' }),
      );
    },
  );

  it('says where in the message the rdata is wrong', () => {
    const buffer = Buffer.concat([message, Buffer.from('\0\x0a\x05ab', 'latin1')]);
    expect(() => readRdata(RRType.TXT, buffer, message.length + 2, buffer.length)).toThrow(
      expect.objectContaining({ offset: buffer.length }),
    );
  });
});

describe('foldRdata', () => {
  it('folds names and nothing else', () => {
    expect(foldRdata(RRType.MX, parseRdata(RRType.MX, '65 Mail.EXAMPLE.'))).toBe(
      parseRdata(RRType.MX, '65 mail.example.'),
    );
    expect(foldRdata(RRType.TXT, parseRdata(RRType.TXT, 'Text'))).toBe(parseRdata(RRType.TXT, 'Text'));
  });
});

describe('targetOf', () => {
  it.each([
    ['NS', 'a', 'a.'],
    ['SRV', '1 2 3 b.c.', 'b.c.'],
    ['MX', '1 d.', 'd.'],
    ['SVCB', '1 e. port=1', 'e.'],
    ['SOA', 'f. g. 1 2 3 4 5', 'f.'],
  ])('%s %s', (mnemonic, text, target) => {
    const type = parseType(mnemonic)!;
    expect(targetOf(type, parseRdata(type, text))).toBe(parseName(target));
  });

  it('is null for a type without', () => {
    expect(targetOf(RRType.A, parseRdata(RRType.A, '192.0.2.1'))).toBeNull();
    expect(targetOf(RRType.NAPTR, parseRdata(RRType.NAPTR, '1 2 a b c d.'))).toBeNull();
    expect(targetOf(731, '' as Octets)).toBeNull();
  });
});
