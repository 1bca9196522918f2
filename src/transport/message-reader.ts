/** Cuts the octets of a TCP connection into messages: each has its length before it, in two octets (RFC 1035 section 4.2.2). */

const lengthOctets = 2;

export class MessageReader {
  #buffer: Buffer = Buffer.alloc(0);
  /** The octets that have come and are not read stand at [start, end). */
  #start = 0;
  #end = 0;
  /** False while the buffer is the last chunk itself, behind which nothing may be written. */
  #isOwn = false;

  /**
   * Takes the next octets of the connection. Each is copied at most a few times however small the chunks are; hold further
   * chunks back while `hasMessage`, and no more is kept than one message and one chunk.
   */
  push(chunk: Buffer): void {
    const kept = this.#end - this.#start;
    if (kept === 0) {
      this.#buffer = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      this.#isOwn = false;
      return;
    }
    if (!this.#isOwn || this.#buffer.length - this.#end < chunk.length) {
      const larger = Buffer.allocUnsafe(2 * (kept + chunk.length));
      this.#buffer.copy(larger, 0, this.#start, this.#end);
      this.#buffer = larger;
      this.#start = 0;
      this.#end = kept;
      this.#isOwn = true;
    }
    chunk.copy(this.#buffer, this.#end);
    this.#end += chunk.length;
  }

  get isEmpty(): boolean {
    return this.#start === this.#end;
  }

  /** True when a whole message has come. */
  get hasMessage(): boolean {
    const kept = this.#end - this.#start;
    return kept >= lengthOctets && kept - lengthOctets >= this.#buffer.readUInt16BE(this.#start);
  }

  /** The next message, without its length; undefined while it has not come whole. It is overwritten after the next `push`. */
  next(): Buffer | undefined {
    if (!this.hasMessage) return undefined;
    const start = this.#start + lengthOctets;
    this.#start = start + this.#buffer.readUInt16BE(this.#start);
    return this.#buffer.subarray(start, this.#start);
  }
}
