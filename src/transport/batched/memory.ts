/**
 * The memory that recvmmsg(2) and sendmmsg(2) read and write: one ArrayBuffer, laid out once, whose addresses the kernel
 * gets with every call. Whoever makes calls keeps this object: were the memory freed, the kernel would write into
 * whatever came to stand there.
 *
 * On 64-bit Linux a struct mmsghdr is 64 octets: msg_name 0, msg_namelen 8, msg_iov 16, msg_iovlen 24, msg_control 32,
 * msg_controllen 40, msg_flags 48, and after this msghdr of 56, msg_len. A struct iovec is 16: iov_base 0, iov_len 8.
 * Lengths stand in the lower half of their 64 bits; the upper half stays zero.
 */
import { longestQuery, replyRoom } from '../udp.ts';

/** Datagrams of one system call. */
export const batchSize = 64;

/** Distance from one header to the next. */
export const headerLength = 64;
const vectorLength = 16;
const nameLength = 28; // sockaddr_in6; sockaddr_in is 16
const nameRoom = 32;
const controlRoom = 64; // one message with the address that was asked takes 32 (IPv4) or 40 octets (IPv6)
// The 64 octets more move the slots apart: at a distance that is a power of two they would all compete for the same
// lines of the processor's cache. The first of them also shows, when it is written, that a query was too long.
const queryRoom = longestQuery + 64;
const replyStride = replyRoom + 64;

const queryHeaders = 0;
const replyHeaders = queryHeaders + batchSize * headerLength;
const queryVectors = replyHeaders + batchSize * headerLength;
const replyVectors = queryVectors + batchSize * vectorLength;
const names = replyVectors + batchSize * vectorLength;
const controls = names + batchSize * nameRoom;
const queries = controls + batchSize * controlRoom;
const replies = queries + batchSize * queryRoom;
const end = replies + batchSize * replyStride;

/** A slot is a number below `batchSize`: the place of a query, or of a reply, in its batch. */
export class BatchMemory {
  /** All of it; queries, replies and names are at the offsets that the methods give. */
  readonly octets: Buffer;
  readonly queryHeadersAddress: number;
  readonly replyHeadersAddress: number;
  readonly #words: Uint32Array;
  readonly #takesControl: boolean;

  /** With `takesControl`, replies leave from the address that was asked, which the kernel must have been told to note. */
  constructor(addressOf: (memory: ArrayBuffer) => number, takesControl: boolean) {
    const memory = new ArrayBuffer(end);
    const base = addressOf(memory);
    this.octets = Buffer.from(memory);
    this.queryHeadersAddress = base + queryHeaders;
    this.replyHeadersAddress = base + replyHeaders;
    this.#words = new Uint32Array(memory);
    this.#takesControl = takesControl;
    for (let slot = 0; slot < batchSize; slot++) {
      this.#layOut(base, slot, queryHeaders, queryVectors, queries + slot * queryRoom);
      this.#layOut(base, slot, replyHeaders, replyVectors, replies + slot * replyStride);
      this.#words[(queryVectors + slot * vectorLength + 8) >> 2] = queryRoom;
    }
    this.rearm(batchSize);
  }

  #layOut(base: number, slot: number, headers: number, vectors: number, octetsAt: number): void {
    const header = headers + slot * headerLength;
    const vector = vectors + slot * vectorLength;
    this.#writeAddress(header, base + names + slot * nameRoom);
    this.#writeAddress(header + 16, base + vector);
    this.#words[(header + 24) >> 2] = 1;
    this.#writeAddress(header + 32, this.#takesControl ? base + controls + slot * controlRoom : 0);
    this.#writeAddress(vector, base + octetsAt);
  }

  #writeAddress(offset: number, address: number): void {
    this.#words[offset >> 2] = address % 2 ** 32;
    this.#words[(offset >> 2) + 1] = Math.floor(address / 2 ** 32);
  }

  /** Gives the first `count` query slots back to the kernel: it has written lengths over the room that there is. */
  rearm(count: number): void {
    const words = this.#words;
    const control = this.#takesControl ? controlRoom : 0;
    for (let slot = 0; slot < count; slot++) {
      const header = (queryHeaders + slot * headerLength) >> 2;
      words[header + 2] = nameLength;
      words[header + 10] = control;
    }
  }

  queryAt(slot: number): number {
    return queries + slot * queryRoom;
  }

  /** In octets; above `longestQuery` when it was too long, whatever its real length. */
  queryLength(slot: number): number {
    return this.#words[(queryHeaders + slot * headerLength + 56) >> 2]!;
  }

  /** Where the peer's sockaddr stands. */
  nameAt(slot: number): number {
    return names + slot * nameRoom;
  }

  /** Where the control message with the address that was asked stands. */
  controlAt(slot: number): number {
    return controls + slot * controlRoom;
  }

  replyAt(slot: number): number {
    return replies + slot * replyStride;
  }

  /** Makes the reply in `slot`, of `length` octets, go to the peer of the query in `querySlot`, from the address it asked. */
  addressReply(slot: number, querySlot: number, length: number): void {
    const words = this.#words;
    const reply = (replyHeaders + slot * headerLength) >> 2;
    const query = (queryHeaders + querySlot * headerLength) >> 2;
    for (const word of headerWords) words[reply + word] = words[query + word]!;
    words[(replyVectors + slot * vectorLength + 8) >> 2] = length;
  }
}

/** msg_name and msg_namelen, msg_control and msg_controllen, as 32-bit words of a header. */
const headerWords = [0, 1, 2, 8, 9, 10] as const;
