import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageReader } from '../../src/transport/message-reader.ts';
import { frame } from '../support/query.ts';

/** Reads everything that has come. */
function readAll(reader: MessageReader): Buffer[] {
  const messages: Buffer[] = [];
  for (let message = reader.next(); message !== undefined; message = reader.next()) messages.push(Buffer.from(message));
  return messages;
}

describe('MessageReader', () => {
  it('reads the same messages however the connection cuts them', () => {
    const message = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), fc.array(fc.nat(60), { maxLength: 30 }), (messages, cuts) => {
        const stream = Buffer.concat(messages.map((octets) => frame(Buffer.from(octets))));
        const reader = new MessageReader();
        const read: Buffer[] = [];
        let at = 0;
        for (const length of [...cuts, stream.length]) {
          reader.push(stream.subarray(at, at + length));
          at += length;
          read.push(...readAll(reader));
        }
        expect(read).toEqual(messages.map((octets) => Buffer.from(octets)));
        expect(reader.isEmpty).toBe(true);
      }),
    );
  });

  it('reads the longest message, octet by octet', () => {
    const reader = new MessageReader();
    const longest = Buffer.alloc(65_535, 7);
    let isEarly = false;
    for (const octet of frame(longest)) {
      isEarly ||= reader.hasMessage;
      reader.push(Buffer.of(octet));
    }
    expect(isEarly).toBe(false);
    expect(reader.next()?.equals(longest)).toBe(true);
  });

  it('reads an empty message', () => {
    const reader = new MessageReader();
    reader.push(Buffer.of(0, 0));
    expect(reader.next()).toHaveLength(0);
    expect(reader.next()).toBeUndefined();
  });

  it('knows a message that has not come whole from none', () => {
    const reader = new MessageReader();
    expect(reader.isEmpty).toBe(true);
    reader.push(Buffer.of(0));
    expect([reader.isEmpty, reader.hasMessage]).toEqual([false, false]);
  });
});
