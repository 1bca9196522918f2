/** Presentation form (RFC 1035 section 5.1): the words of a line, from which rdata is parsed. */
import { PresentationError } from './error.ts';
import { type Name, rootName } from './name.ts';

/** One word of a zone file line. `text` still has its escapes; the quotes of a quoted word are gone. */
export interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

/** The words of one record's rdata, taken from left to right. */
export class Tokens {
  readonly #list: readonly Token[];
  #taken = 0;
  /** What relative names are relative to. */
  readonly origin: Name;

  constructor(list: readonly Token[], origin: Name = rootName) {
    this.#list = list;
    this.origin = origin;
  }

  /** How many tokens are taken: the one that an error speaks of is the last of them. */
  get taken(): number {
    return this.#taken;
  }

  get done(): boolean {
    return this.#taken === this.#list.length;
  }

  /** The next token, not taken; undefined at the end. */
  peek(): Token | undefined {
    return this.#list[this.#taken];
  }

  /** Takes the next token; `wanted` says in the error what is missing. */
  next(wanted: string): Token {
    const token = this.#list[this.#taken];
    if (token === undefined) throw new PresentationError(null, wanted);
    this.#taken += 1;
    return token;
  }

  /** Takes all that is left and joins it: base64 and hexadecimal may hold spaces. */
  rest(): string {
    let text = '';
    while (!this.done) text += this.next('').text;
    return text;
  }
}

/** Splits words as they stand on one line: for rdata that a program or a test has as text. Throws PresentationError. */
export function tokensOf(text: string, origin: Name = rootName): Tokens {
  const list: Token[] = [];
  const rest = text.replace(word, (_, quoted: string | undefined, plain: string | undefined) => {
    list.push({ text: quoted ?? plain ?? '', quoted: quoted !== undefined });
    return '';
  });
  if (rest.trim() !== '') throw new PresentationError(text, 'quotes in pairs and a character after each backslash');
  return new Tokens(list, origin);
}

/** A word in quotes, or a plain one, which may go on in quotes after `=` (RFC 9460 section 2.1). */
const word = /"((?:\\.|[^"\\])*)"|((?:\\.|="(?:\\.|[^"\\])*"|[^ \t\n"\\])+)/gs;
