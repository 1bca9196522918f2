/** Class CHAOS: what a server says of itself (RFC 4892), to `dig CH TXT version.bind`. Off unless configured. */
import { ExtendedError, RRType, Rcode } from '../wire/codes.ts';
import { type Name, parseName } from '../wire/name.ts';
import { type Octets, uint8Octets, utf8Octets } from '../wire/octets.ts';
import { StoredRRset } from '../zone/rrset.ts';
import { type Reply, emptyReply, place } from './reply.ts';
import type { ResponderSettings } from './settings.ts';

const versionNames = ['version.bind.', 'version.server.'].map((name) => parseName(name));
const idNames = ['id.server.', 'hostname.bind.'].map((name) => parseName(name));

/** What is said of a folded name of class CHAOS. */
export function answerChaos({ version, serverId }: ResponderSettings, name: Name, type: number): Reply {
  const reply = emptyReply();
  reply.steady = false;
  const text = versionNames.includes(name) ? version : idNames.includes(name) ? serverId : null;
  if (text === null || (type !== RRType.TXT && type !== RRType.ANY)) {
    reply.rcode = Rcode.REFUSED;
    reply.extendedError = { infoCode: ExtendedError.NotAuthoritative, text: '' };
    return reply;
  }
  const octets = utf8Octets(text);
  const rdata = (uint8Octets(octets.length) + octets) as Octets;
  place(reply, { owner: name, rrset: new StoredRRset(RRType.TXT, 0, rdata), ttl: 0, node: null });
  return reply;
}
