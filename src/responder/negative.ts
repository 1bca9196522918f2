/** Negative answers (RFC 2308): the SOA record says that there is nothing, and for how long that may be believed. */
import { ExtendedError, Rcode } from '../wire/codes.ts';
import { uint32At } from '../wire/octets.ts';
import type { Zone } from '../zone/zone.ts';
import type { Reply } from './reply.ts';

/** Puts the SOA record of `zone` into the authority section. */
export function putNegative(reply: Reply, zone: Zone): void {
  reply.steady = false;
  const { soa } = zone;
  if (soa === null) {
    // Without an SOA record resolvers could not tell this from a referral to nowhere.
    reply.rcode = Rcode.SERVFAIL;
    reply.authoritative = false;
    reply.extendedError = { infoCode: ExtendedError.NotReady, text: 'the zone has no SOA record' };
    return;
  }
  const rdata = soa.rdata(0);
  // RFC 2308 sections 3 and 5: MINIMUM is the TTL of negative answers, but never more than that of the record itself.
  const minimum = uint32At(rdata, rdata.length - 4);
  reply.authority.push({ owner: zone.apex, rrset: soa, ttl: Math.min(soa.ttl, minimum), node: null });
}
