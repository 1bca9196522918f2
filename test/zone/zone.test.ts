import { describe, expect, it } from 'vitest';
import { RRType } from '../../src/wire/codes.ts';
import { FoldedName } from '../../src/wire/folded-name.ts';
import { parseName } from '../../src/wire/name.ts';
import { uint32At } from '../../src/wire/octets.ts';
import type { Node } from '../../src/zone/node.ts';
import { Zone } from '../../src/zone/zone.ts';
import { load, rrsets, update } from '../support/dns.ts';

const text = `
@     300 SOA ns1 host 9 3600 600 86400 60
@     300 NS  ns1
ns1   300 A   192.0.2.1
a.b.c 300 A   192.0.2.2`;

function zoneOf(more = ''): Zone {
  return new Zone(load('example.', `${text}\n${more}`), null);
}

function change(zone: Zone, removed: string, added: string, marks: Parameters<typeof update>[4] = []) {
  return zone.update(update('example.', zone.serial + 1, removed, added, marks), 0);
}

function node(zone: Zone, name: string): Node | null {
  return zone.node(FoldedName.of(parseName(name)));
}

function serialOf(zone: Zone): number {
  const rdata = zone.soa!.rdata(0);
  return uint32At(rdata, rdata.length - 20);
}

describe('a zone', () => {
  it('shows the serial of its last change in its SOA record', () => {
    const zone = new Zone({ ...load('example.', text), serial: 0xffff_ffff }, null);
    expect(serialOf(zone)).toBe(0xffff_ffff);
    zone.update(update('example.', 0, '', ''), 0);
    expect(serialOf(zone)).toBe(0);
  });

  it('exchanges its SOA record, whatever serial the old one is said to have', () => {
    const zone = zoneOf();
    change(zone, '@ 300 SOA ns1 host 9 3600 600 86400 60', '@ 300 SOA ns2 host 1 3600 600 86400 60');
    expect(zone.soa?.size).toBe(1);
    expect(zone.soa?.rdata(0).startsWith(parseName('ns2.example.'))).toBe(true);
    expect(serialOf(zone)).toBe(2);
  });

  it('has a node for each empty non-terminal, as long as there is something below', () => {
    const zone = zoneOf();
    expect(node(zone, 'c.example.')?.exists).toBe(true);
    change(zone, 'a.b.c 300 A 192.0.2.2', '');
    expect(node(zone, 'c.example.')).toBeNull();
  });

  it('folds owner names', () => {
    const zone = zoneOf('WWW 300 A 192.0.2.3');
    expect(node(zone, 'www.example.')?.rrset(RRType.A)?.size).toBe(1);
    change(zone, 'wWw 300 A 192.0.2.3', '');
    expect(node(zone, 'www.example.')).toBeNull();
  });

  it('takes the TTL of an rrset from what was added last, also without records', () => {
    const zone = zoneOf();
    change(zone, '', 'ns1 60 A 192.0.2.1');
    expect(node(zone, 'ns1.example.')?.rrset(RRType.A)?.ttl).toBe(60);
    const owner = parseName('ns1.example.');
    zone.update({ ...update('example.', 3, '', ''), added: [{ owner, type: RRType.A, ttl: 7, rdata: [] }] }, 0);
    expect(node(zone, 'ns1.example.')?.rrset(RRType.A)?.ttl).toBe(7);
    expect(node(zone, 'ns1.example.')?.rrset(RRType.A)?.size).toBe(1);
  });

  it('makes nothing of a TTL for an rrset that it does not have', () => {
    const zone = zoneOf();
    const owner = parseName('none.example.');
    zone.update({ ...update('example.', 2, '', ''), added: [{ owner, type: RRType.A, ttl: 7, rdata: [] }] }, 0);
    expect(node(zone, 'none.example.')).toBeNull();
  });

  it('keeps a marked node, which exists only if the mark says so', () => {
    const zone = zoneOf();
    const owner = parseName('x.marked.example.');
    change(zone, '', '', [{ owner, mark: { limit: 3 } }]);
    expect(node(zone, 'marked.example.')?.exists).toBe(false);
    change(zone, '', '', [{ owner, mark: { existence: 'exists' } }]);
    expect(node(zone, 'marked.example.')?.exists).toBe(true);
    change(zone, '', '', [{ owner, mark: { existence: 'denied' } }]);
    expect(node(zone, 'marked.example.')?.exists).toBe(false);
    change(zone, '', '', [{ owner, mark: null }]);
    expect(node(zone, 'marked.example.')).toBeNull();
  });

  it('refuses a change that names an owner outside, and is as it was', () => {
    const zone = zoneOf();
    const outside = {
      ...update('example.', 2, '', 'new 300 A 192.0.2.4'),
      removed: rrsets('www.example.org. 5 A 192.0.2.1'),
    };
    expect(() => zone.update(outside, 0)).toThrow('found owner www.example.org., wanted one in zone example.');
    expect(node(zone, 'new.example.')).toBeNull();
    expect(serialOf(zone)).toBe(1);
  });

  it('says when a change moves zone cuts', () => {
    const zone = zoneOf();
    expect(change(zone, '', 'www 300 A 192.0.2.3').recut).toBe(false);
    expect(change(zone, '', 'sub 300 NS ns1').recut).toBe(true);
    expect(change(zone, 'sub 300 NS ns1', '').recut).toBe(true);
    expect(change(zone, '', 'old 300 DNAME new').recut).toBe(true);
  });
});
