/** EDNS in replies (RFC 6891): always where asked with, nothing but what was asked for. */
import { describe, expect, it } from 'vitest';
import { ExtendedError, OptionCode, Rcode, RRClass } from '../../src/wire/codes.ts';
import { type Edns, type EdnsOption, decodeExtendedError, findOption } from '../../src/wire/edns.ts';
import type { Octets } from '../../src/wire/octets.ts';
import type { ResponderSettings } from '../../src/responder/settings.ts';
import { DnsServer, type Query, load } from '../support/dns.ts';

const zone = load('example.', '@ 300 SOA ns1 host 1 3600 600 86400 60\n@ 300 NS ns1\nwww 300 A 192.0.2.2');

function optOf(
  qname: string,
  edns: Partial<Edns>,
  query: Query = {},
  settings: Partial<ResponderSettings> = {},
): Edns | null {
  return new DnsServer([zone], settings).ask(qname, 'A', { ...query, edns }).edns;
}

function option(code: number, data = ''): EdnsOption {
  return { code, data: data as Octets };
}

function infoCodeOf(edns: Edns | null): number | undefined {
  const data = findOption(edns!.options, OptionCode.EDE);
  return data === undefined ? undefined : decodeExtendedError(data)!.infoCode;
}

describe('the OPT record', () => {
  it('is not sent to a client without it', () => {
    expect(new DnsServer([zone]).ask('www.example.', 'A').edns).toBeNull();
  });

  it.each(['www.example.', 'missing.example.', 'www.other.'])('is sent with every answer: %s', (qname) => {
    expect(optOf(qname, {})).toMatchObject({ payloadSize: 1232, version: 0, dnssecOk: false });
  });

  it('says the payload size that is configured', () => {
    expect(optOf('www.example.', {}, {}, { udpPayload: 1400 })?.payloadSize).toBe(1400);
  });

  it('has DO as the query had it', () => {
    expect(optOf('www.example.', { dnssecOk: true })?.dnssecOk).toBe(true);
    expect(optOf('www.example.', { dnssecOk: true, version: 3 })?.dnssecOk).toBe(true);
  });

  it('has no options that nobody asked for, and none of unknown codes', () => {
    const settings = { nsid: 'one' };
    expect(
      optOf(
        'www.example.',
        { options: [option(65_001, 'x'), option(OptionCode.ECS, '\0\x01\x18\0\x0a\0\0')] },
        {},
        settings,
      )?.options,
    ).toEqual([]);
  });

  it('names the server to those who ask for NSID (RFC 5001)', () => {
    const asked = { options: [option(OptionCode.NSID)] };
    expect(findOption(optOf('www.example.', asked, {}, { nsid: 'server é' })!.options, OptionCode.NSID)).toBe(
      Buffer.from('server é').latin1Slice(),
    );
    expect(optOf('www.example.', asked)?.options).toEqual([]);
  });

  it('says over TCP, to those who ask, how long an idle connection lives (RFC 7828)', () => {
    const asked = { options: [option(OptionCode.KEEPALIVE)] };
    expect(optOf('www.example.', asked, { transport: 'tcp' })?.options).toEqual([
      option(OptionCode.KEEPALIVE, '\0\x64'),
    ]);
    expect(optOf('www.example.', asked, { transport: 'udp' })?.options).toEqual([]);
    expect(optOf('www.example.', {}, { transport: 'tcp' })?.options).toEqual([]);
  });

  it('tells why a query was refused (RFC 8914)', () => {
    expect(infoCodeOf(optOf('www.example.', {}))).toBeUndefined();
    expect(infoCodeOf(optOf('www.other.', {}))).toBe(ExtendedError.NotAuthoritative);
    expect(infoCodeOf(optOf('www.example.', {}, {}, { allowQuery: ['10.0.0.0/8'] }))).toBe(ExtendedError.Prohibited);
    expect(infoCodeOf(optOf('www.example.', {}, { class: RRClass.HS }))).toBe(ExtendedError.NotAuthoritative);
  });
});

describe('networks that may not ask', () => {
  it('are refused, others are answered', () => {
    const server = new DnsServer([zone], { allowQuery: ['127.0.0.0/8', '192.0.2.1'] });
    expect(server.ask('www.example.', 'A', { peer: '127.9.9.9' }).rcode).toBe(Rcode.NOERROR);
    expect(server.ask('www.example.', 'A', { peer: '192.0.2.1' }).rcode).toBe(Rcode.NOERROR);
    expect(server.ask('www.example.', 'A', { peer: '192.0.2.2' }).rcode).toBe(Rcode.REFUSED);
  });
});
