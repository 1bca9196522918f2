/**
 * What the wire folder refuses: octets that are no message (WireError), text that is no presentation form
 * (PresentationError).
 */

export type WireErrorCode =
  | 'truncated' // the octets end inside a field
  | 'bad-label' // a label length octet from 0x40 to 0xBF
  | 'bad-pointer' // a compression pointer that does not go strictly backwards, or one of too many
  | 'name-too-long' // more than 255 octets
  | 'bad-rdata' // rdata that breaks the format of its type
  | 'bad-option' // an EDNS option or the OPT record around it
  | 'duplicate-opt' // a second OPT record
  | 'too-long'; // more than the room there is: a character string, rdata, a message

export class WireError extends Error {
  readonly code: WireErrorCode;
  /** Where, in octets from the start of what was being read: the message, or the rdata where only that was given. */
  readonly offset: number;
  readonly reason: string;

  constructor(code: WireErrorCode, offset: number, reason: string = code) {
    super(`${reason}, at octet ${offset}`);
    this.name = 'WireError';
    this.code = code;
    this.offset = offset;
    this.reason = reason;
  }

  /** The same error in what this was `octets` into. */
  movedBy(octets: number): WireError {
    return new WireError(this.code, this.offset + octets, this.reason);
  }
}

/**
 * Text that is not what was wanted in its place. The message quotes what was found; whoever knows line and column adds
 * them.
 */
export class PresentationError extends Error {
  /**
   * `found` is quoted; null stands for the end of the text. `wanted` completes the sentence: `a number from 0 to 255`.
   */
  constructor(found: string | null, wanted: string) {
    super(`found ${found === null ? 'nothing more' : quote(found)}, wanted ${wanted}`);
    this.name = 'PresentationError';
  }
}

const longestQuote = 60;

function quote(text: string): string {
  return JSON.stringify(text.length > longestQuote ? `${text.slice(0, longestQuote)}...` : text);
}
