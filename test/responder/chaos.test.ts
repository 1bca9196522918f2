import { describe, expect, it } from 'vitest';
import { RRClass, Rcode } from '../../src/wire/codes.ts';
import { DnsServer, load } from '../support/dns.ts';

const zone = load('example.', '@ 300 SOA ns1 host 1 3600 600 86400 60\n@ 300 NS ns1\nwww 300 A 192.0.2.2');

function askChaos(server: DnsServer, qname: string, qtype = 'TXT') {
  const { rcode, authoritative, answers } = server.ask(qname, qtype, { class: RRClass.CH });
  return { rcode, authoritative, answers: answers.map((record) => [record.class, record.ttl, record.rdata.slice(1)]) };
}

describe('class CHAOS', () => {
  const refused = { rcode: Rcode.REFUSED, authoritative: false, answers: [] };
  const answer = (text: string) => ({ rcode: Rcode.NOERROR, authoritative: false, answers: [[RRClass.CH, 0, text]] });

  it('is refused unless configured', () => {
    for (const qname of ['version.bind.', 'id.server.', 'www.example.'])
      expect(askChaos(new DnsServer([zone]), qname)).toEqual(refused);
  });

  it('tells version and identity as configured, in any case of letters', () => {
    const server = new DnsServer([zone], { version: 'Signpost 1', serverId: 'ams-1' });
    for (const qname of ['version.bind.', 'Version.Server.'])
      expect(askChaos(server, qname)).toEqual(answer('Signpost 1'));
    for (const qname of ['id.server.', 'HOSTNAME.bind.']) expect(askChaos(server, qname)).toEqual(answer('ams-1'));
  });

  it('has nothing else', () => {
    const server = new DnsServer([zone], { version: 'Signpost 1' });
    expect(askChaos(server, 'id.server.')).toEqual(refused);
    expect(askChaos(server, 'version.bind.', 'A')).toEqual(refused);
    expect(askChaos(server, 'www.example.', 'A')).toEqual(refused);
  });
});
