/** Networks in CIDR notation, and addresses of 16 octets in them; IPv4 is ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
import { parseIpv4, parseIpv6 } from '../wire/address.ts';

/** A set of networks. Throws RangeError, when it is made, on text that is no network. */
export class Networks {
  // For each network: four 32-bit words of the address and four of the mask.
  readonly #words: Int32Array;

  /** Each `10.0.0.0/8`, `fd00::/8` or a lone address. */
  constructor(networks: readonly string[]) {
    this.#words = Int32Array.from(networks.flatMap(wordsOf));
  }

  has(address: Uint8Array, start: number): boolean {
    const words = this.#words;
    const a = word(address, start);
    const b = word(address, start + 4);
    const c = word(address, start + 8);
    const d = word(address, start + 12);
    for (let i = 0; i < words.length; i += 8) {
      const differs =
        ((a & words[i + 4]!) ^ words[i]!) |
        ((b & words[i + 5]!) ^ words[i + 1]!) |
        ((c & words[i + 6]!) ^ words[i + 2]!) |
        ((d & words[i + 7]!) ^ words[i + 3]!);
      if (differs === 0) return true;
    }
    return false;
  }
}

export function isIpv4(address: Uint8Array, start: number): boolean {
  return word(address, start) === 0 && word(address, start + 4) === 0 && word(address, start + 8) === 0xffff;
}

function wordsOf(text: string): number[] {
  const [address = '', length, ...more] = text.split('/');
  const ipv4 = parseIpv4(address);
  const octets = ipv4 === null ? parseIpv6(address) : '\0'.repeat(10) + '\xff\xff' + ipv4;
  const longest = ipv4 === null ? 128 : 32;
  const prefix = Number(length ?? longest);
  if (octets === null || more.length > 0 || !/^(\d{1,3})?$/.test(length ?? '') || length === '' || prefix > longest) {
    throw new RangeError(`found '${text}', wanted a network such as 10.0.0.0/8, fd00::/8 or 192.0.2.1`);
  }
  const bytes = Buffer.from(octets, 'latin1');
  const masks = [0, 1, 2, 3].map((index) => maskWord(prefix + 128 - longest - 32 * index));
  return [...masks.map((mask, index) => bytes.readInt32BE(index * 4) & mask), ...masks];
}

/** The first `bits` bits of a 32-bit word; fewer than none are none. */
function maskWord(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

function word(octets: Uint8Array, start: number): number {
  return (octets[start]! << 24) | (octets[start + 1]! << 16) | (octets[start + 2]! << 8) | octets[start + 3]!;
}
