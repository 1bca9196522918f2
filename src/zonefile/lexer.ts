/**
 * Cuts the text of a zone file into entries: the words of one line, or of several lines that parentheses join (RFC 1035
 * section 5.1).
 */
import { PresentationError } from '../wire/error.ts';
import type { Token } from '../wire/tokens.ts';

export interface ZoneToken extends Token {
  readonly line: number;
  readonly column: number;
}

/** What stands between two ends of line. */
export interface Entry {
  readonly tokens: readonly ZoneToken[];
  /** True when the line begins with a blank: its owner is that of the entry before. */
  readonly ownerIsBlank: boolean;
}

/** Told of text that is no word; the rest of its line is passed over. */
export type Report = (error: PresentationError, line: number, column: number) => void;

// Blanks, end of line, comment, parenthesis, quoted word, or a word, which may go on in quotes after `=` (RFC 9460
// section 2.1). Not \s: that would take octet 0xA0, which UTF-8 text may hold, for a blank.
const lexeme =
  /[ \t\r\f]+|\n|;[^\n]*|[()]|"(?:\\[^\n]|[^"\\\n])*"|(?:\\[^\n]|="(?:\\[^\n]|[^"\\\n])*"|[^ \t\r\n\f"();\\])+/y;

/** Yields the entries of `text`, whose chars are octets; empty lines yield none. */
export function* readEntries(text: string, report: Report): Generator<Entry> {
  let tokens: ZoneToken[] = [];
  let ownerIsBlank = false;
  let open: { line: number; column: number } | null = null;
  let line = 1;
  let lineStart = 0;
  let wordEnd = -1;
  lexeme.lastIndex = 0;

  for (let at = 0; at < text.length; ) {
    const column = at - lineStart + 1;
    lexeme.lastIndex = at;
    const word = lexeme.exec(text)?.[0] ?? '';
    const wrong = misplaced(word, text, at, open !== null, wordEnd);
    if (wrong !== null) {
      report(wrong, line, column);
      tokens = [];
      open = null;
      at = endOfLine(text, at);
      continue;
    }
    if (column === 1 && open === null) ownerIsBlank = /^[ \t\r\f]/.test(word);
    at += word.length;
    switch (word[0]) {
      case '\n':
        if (open === null && tokens.length > 0) {
          yield { tokens, ownerIsBlank };
          tokens = [];
        }
        line += 1;
        lineStart = at;
        break;
      case '(':
        open = { line, column };
        break;
      case ')':
        open = null;
        break;
      case '"':
        tokens.push({ text: word.slice(1, -1), quoted: true, line, column });
        break;
      case ' ': case '\t': case '\r': case '\f': case ';':
        break;
      default:
        tokens.push({ text: word, quoted: false, line, column });
        wordEnd = at;
    }
  }
  if (open !== null) report(new PresentationError('(', 'a ) that closes it'), open.line, open.column);
  else if (tokens.length > 0) yield { tokens, ownerIsBlank };
}

/** What is wrong with the text at `at`, from which `word` was cut; null: nothing. */
function misplaced(word: string, text: string, at: number, isOpen: boolean, wordEnd: number): PresentationError | null {
  if (word === '') {
    const rest = text.slice(at, endOfLine(text, at));
    const isQuote = rest.startsWith('"');
    const wanted = isQuote ? 'a " that ends the quotes on the same line' : 'a character after the backslash';
    return new PresentationError(rest, wanted);
  }
  if (word === '(' && isOpen) return new PresentationError('(', 'parentheses that are not nested');
  if (word === ')' && !isOpen) return new PresentationError(')', 'a ( before it');
  if (word.startsWith('"') && wordEnd === at) {
    return new PresentationError(word, 'a blank before the quotes, or \\" for a quote in a word');
  }
  return null;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}
