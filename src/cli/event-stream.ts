/** Reads server-sent events (WHATWG HTML, section 9.2.6) from the body of a response. */

export interface ServerEvent {
  /** `message` where the stream names none. */
  readonly type: string;
  /** '' where the stream only says where to resume. */
  readonly data: string;
  /** Last id that the stream gave, for `Last-Event-ID`; '' when there was none. */
  readonly id: string;
}

/** Longest line and event that is taken, in characters; the stream ends with an error beyond it. */
const maxLength = 1024 * 1024;

/** Yields events until the stream ends, also those without data: their id counts. */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  let [type, data, id] = ['', '', ''];
  for await (const line of linesOf(body)) {
    if (line === '') {
      yield { type: type || 'message', data: data.slice(0, -1), id };
      [type, data] = ['', ''];
      continue;
    }
    const end = line.indexOf(':');
    const field = end < 0 ? line : line.slice(0, end);
    const value = end < 0 ? '' : line.slice(end + 1).replace(/^ /, '');
    if (field === 'event') type = value;
    else if (field === 'data') data += `${value}\n`;
    else if (field === 'id' && !value.includes('\0')) id = value;
    if (data.length > maxLength) throw new Error(`the stream has an event of more than ${maxLength} characters`);
  }
}

/** Lines end with CR, LF or both. */
async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    // A CR at the very end may be the first half of CRLF.
    for (let end; (end = /\r\n|\n|\r(?!$)/.exec(rest)) !== null; ) {
      yield rest.slice(0, end.index);
      rest = rest.slice(end.index + end[0].length);
    }
    if (rest.length > maxLength) throw new Error(`the stream has a line of more than ${maxLength} characters`);
  }
}
