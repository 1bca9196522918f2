/** The second word of a message header (RFC 1035 section 4.1.1, RFC 4035 section 3): flags, opcode and rcode. */

export const headerLength = 12;

export const Flag = {
  /** Response. */ QR: 0x8000,
  /** Authoritative answer. */ AA: 0x0400,
  /** Truncated. */ TC: 0x0200,
  /** Recursion desired. */ RD: 0x0100,
  /** Recursion available. */ RA: 0x0080,
  /** Reserved, zero. */ Z: 0x0040,
  /** Authentic data. */ AD: 0x0020,
  /** Checking disabled. */ CD: 0x0010,
} as const;

export function opcodeOf(flags: number): number {
  return (flags >> 11) & 0xf;
}

/** The lower four bits of the rcode; the rest is in OPT. */
export function rcodeOf(flags: number): number {
  return flags & 0xf;
}

/** Flags with an opcode, 0 to 15, and an rcode of which the lower four bits count. */
export function flagsWith(flags: number, opcode: number, rcode: number): number {
  return flags | (opcode << 11) | (rcode & 0xf);
}
