/**
 * Every option of the server, one a line: path in the file, what it may be, default, meaning. The Config type, the checks
 * of file, variables and flags, `serve --help` and the printed reference all come from this table.
 */
import { availableParallelism } from 'node:os';
import { logLevels } from '../runtime/log.ts';
import {
  address, boolean, endpoint, listOf, network, oneOf, seconds, secretHex, secretText, someOf, text, webAddress,
  wholeNumber, wholeSeconds, zoneName,
} from './kind.ts';
import { type ConfigOf, option, optional } from './option.ts';

const path = text('a path');
const local = { host: '127.0.0.1' };
/** A resolver that a whole company shares is one address: to limit private networks (RFC 1918, RFC 4193) would hit the wrong ones. */
const privateNetworks = ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '::1/128', 'fc00::/7', 'fe80::/10'];
const workers = Math.max(1, availableParallelism() - 1);

export const options = {
  'zone': option(someOf(zoneName), ['svc.internal'], 'Service zones; the first is the one meant where none is named.', { flag: 'zone Z' }),
  'zones': option(path, './zones', 'Directory of zone files, `APEX.zone` each.', { flag: 'zones DIR' }),
  'data': option(path, './data', 'Directory of the embedded store, tokens and keys.', { flag: 'data DIR' }),
  'reverse': option(listOf(network), [], 'Networks whose reverse names (PTR) are served for instance addresses.'),
  'advertise': option(listOf(address), [], 'Addresses at which others reach this server, API and DNS, where those that it listens at are not: see docs/cluster.md.'),
  'log.level': option(oneOf(...logLevels), 'info', 'Least severe lines that are logged.', { flag: 'log-level L' }),

  'dns.listen': option(someOf(endpoint), [{ ...local, port: 8053 }], 'Addresses for DNS, UDP and TCP; port 0 asks for a free one.', { flag: 'dns H:P' }),
  'dns.workers': option(wholeNumber(1, 256), workers, 'DNS worker threads.', { fallbackShown: 'cores - 1, at least 1' }),
  'dns.io': option(oneOf('auto', 'batched', 'portable'), 'auto', 'UDP by batched system calls (Linux), by node:dgram, or by whichever works.'),
  'dns.udpPayload': option(wholeNumber(512, 4096), 1232, 'Largest UDP reply in octets, and the EDNS buffer size that is announced.'),
  'dns.cache.answers': option(wholeNumber(0, 16_777_216), 65_536, 'Answers that each worker keeps beside compiled rrsets; 0: none.'),
  'dns.cache.octets': option(wholeNumber(0, 2 ** 31), 64 * 2 ** 20, 'Memory for their octets in each worker; each answer takes up to 1,000 octets besides.'),
  'dns.allowQuery': option(listOf(network), ['0.0.0.0/0', '::/0'], 'Networks that are answered; all others get REFUSED.'),
  'dns.trusted': option(listOf(network), privateNetworks, 'Networks that response rate limiting leaves alone.'),
  'dns.rateLimit.responsesPerSecond': option(wholeNumber(0, 1_000_000), 50, 'UDP answers a second for one untrusted network (/24, /56), of which errors and negative answers get two fifths; 0: no limit.'),
  'dns.rateLimit.burst': option(wholeNumber(1, 1_000_000), 125, 'Answers that may come at once before the limit holds.'),
  'dns.rateLimit.slip': option(wholeNumber(0, 10), 2, 'Of the replies held back, every n-th is sent truncated, so that real clients come by TCP; 0: none.'),
  'dns.tcp.connections': option(wholeNumber(1, 65_535), 1024, 'TCP connections of each worker.'),
  'dns.tcp.perClient': option(wholeNumber(1, 65_535), 32, 'TCP connections of one client: an IPv4 address or an IPv6 /64.'),
  'dns.tcp.idle': option(seconds(1, 3600), 10, 'Time after which a silent TCP connection is closed.'),
  'dns.tcp.message': option(seconds(0.1, 60), 2, 'Time a query may take from its first octet to its last.'),
  'dns.tcp.write': option(seconds(0.1, 60), 5, 'Time a client may let replies wait without reading one.'),
  'dns.tcp.queries': option(wholeNumber(1, 65_535), 128, 'Queries of one TCP connection, after which it is closed.'),
  'dns.staleAfter': option(seconds(0, 86_400), 30, 'Time without etcd after which answers from the registry say that they may be stale (extended errors 3 and 19).'),
  'dns.cookieSecrets': option(listOf(secretHex(16)), [], 'Keys of DNS cookies, the same on all servers behind one address: the first makes them, all recognise them. Empty: a random one.'),
  'dns.nsid': optional(text('at most 64 characters', 64), 'Name that this server gives to clients that ask for it by NSID.'),
  'dns.version': optional(text('at most 255 characters', 255), 'Answer to `version.bind` CH TXT; REFUSED when left out.'),
  'dns.serverId': optional(text('at most 255 characters', 255), 'Answer to `id.server` CH TXT; REFUSED when left out.'),

  'http.listen': option(someOf(endpoint), [{ ...local, port: 8054 }], 'Addresses for the HTTP API; port 0 asks for a free one.', { flag: 'http H:P' }),
  'http.hosts': option(listOf(text('a host name')), [], 'Host names, besides localhost and IP addresses, by which requests may call this server.'),
  'http.tls.cert': optional(path, 'Certificate chain (PEM); the API then speaks https only.'),
  'http.tls.key': optional(path, 'Private key of the certificate (PEM).'),
  'http.tls.clientCa': optional(path, 'Authorities (PEM) whose client certificates may take the place of tokens.'),
  'http.reads': option(oneOf('open', 'token'), 'open', 'Who may read: whoever reaches the server, as with DNS, or only holders of a token.'),
  'http.requestsPerSecond': option(wholeNumber(0, 1_000_000), 0, 'Requests a second of one token or foreign address, five times that at once; more get 429. 0: no limit.'),
  'audit.file': optional(path, 'File to which every write is added as a JSON line: who, what, result.'),
  'audit.required': option(boolean, false, 'Refuse writes while the audit file cannot be written.'),
  'webhook.url': optional(webAddress, 'Receives fault events (`instance.unhealthy`, `service.empty`, `protection.on`) as JSON by POST.'),

  'defaults.ttl': option(wholeSeconds(1, 86_400), 5, 'TTL of service answers.'),
  'defaults.lease': option(seconds(2, 86_400), 30, 'Lease of registrations that name none.'),
  'limits.instances': option(wholeNumber(1, 100_000_000), 2_000_000, 'Instances in all.'),
  'limits.instancesPerService': option(wholeNumber(1, 10_000_000), 100_000, 'Instances of one service.'),
  'limits.services': option(wholeNumber(1, 10_000_000), 200_000, 'Services in all.'),
  'limits.events': option(wholeNumber(1, 10_000_000), 10_000, 'Events that are kept for watchers who come back.'),
  'protection.longest': option(seconds(0, 604_800), 3600, 'Time after which self-protection ends in any case; 0: no self-protection.'),

  'store.type': option(oneOf('level', 'memory', 'etcd'), 'level', 'Where registrations are kept: embedded in `data`, nowhere, or on etcd.'),
  'store.endpoints': option(listOf(webAddress), [], 'etcd servers.'),
  'store.user': optional(text('a user name'), 'etcd user.'),
  'store.password': optional(secretText('a password'), 'Password of the etcd user.'),
  'store.prefix': option(text('a key prefix'), '/signpost/v1/', 'Prefix of our keys on etcd.'),
  'store.tls.ca': optional(path, 'Authorities (PEM) that etcd servers must be certified by.'),
  'store.tls.cert': optional(path, 'Client certificate (PEM) for etcd.'),
  'store.tls.key': optional(path, 'Its private key (PEM).'),

  'skydns.zones': option(listOf(zoneName), [], 'Zones that the keys of SkyDNS and CoreDNS on etcd fill.'),
  'skydns.endpoints': option(listOf(webAddress), [], 'etcd servers that have these keys; none: those of `store`, with its user and certificates.'),
  'skydns.user': optional(text('a user name'), 'etcd user, who need only read.'),
  'skydns.password': optional(secretText('a password'), 'Password of the etcd user.'),
  'skydns.prefix': option(text('a key prefix'), '/skydns/', 'Prefix of the keys.'),
  'skydns.keys': option(wholeNumber(1, 10_000_000), 200_000, 'Keys that are taken in; more are left out.'),
  'skydns.tls.ca': optional(path, 'Authorities (PEM) that etcd servers must be certified by.'),
  'skydns.tls.cert': optional(path, 'Client certificate (PEM) for etcd.'),
  'skydns.tls.key': optional(path, 'Its private key (PEM).'),
};

export type Config = ConfigOf<typeof options>;
