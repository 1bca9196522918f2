/**
 * Answers from compiled rrsets: the records are copied as they stand, in an order that spreads load, and behind them the
 * addresses of their targets, as far as there is room. What needs more thought than that is left to ReplyWriter.
 */
import { RRType, Rcode } from '../wire/codes.ts';
import { headerLength } from '../wire/flags.ts';
import { Order, RecordWord, Word, aWords, aaaaWords, rdataStart, strideOf, targetStart, wordsOf } from '../zone/block.ts';
import type { Zone } from '../zone/zone.ts';
import type { Exchange } from './exchange.ts';
import { copyWords, octetsOverrun, readUint16, replyFlags, writeHead, writeUint16 } from './header.ts';
import { RecordOrder } from './order.ts';
import type { Query } from './query.ts';

const pointer = 0xc000;

export class CompiledCopier {
  readonly #order = new RecordOrder();

  /**
   * Writes the positive answer of `zone` to `query`, all but the OPT record, and returns the number of octets; 0 where
   * it is not compiled or does not fit.
   */
  copy(exchange: Exchange, query: Query, zone: Zone, now: number): number {
    const { compiled } = zone;
    const block = compiled.find(query.qname, query.type, query.hash);
    if (block === 0) return 0;
    const { words } = compiled.heap;
    const head = headerLength + query.questionEnd - query.questionStart;
    const answered = head + words[block + Word.octets]!;
    const room = Math.min(query.room, exchange.replyRoom - octetsOverrun);
    if (answered > room) return 0;
    if (query.type === RRType.SRV && !compiled.check(block, now)) {
      compiled.discardRRset(query.qname, query.type);
      return 0;
    }
    compiled.hold(block, now);
    this.#setOrder(compiled.heap.octets, words, block);
    writeHead(exchange, query, replyFlags(query.flags, true, false, Rcode.NOERROR), words[block + Word.count]!, 0, 0);
    this.#putRecords(exchange, words, block, head);
    // Only they have any.
    if (query.type !== RRType.SRV) return answered;
    return this.#putAddresses(exchange, words, block, head, answered, room);
  }

  #putRecords({ replyView, replyStart }: Exchange, words: Int32Array, block: number, head: number): void {
    const { indexes, length } = this.#order;
    const stride = strideOf(words, block);
    let at = replyStart + head;
    for (let i = 0; i < length; i++) {
      const record = block + Word.records + indexes[i]! * stride;
      const octets = words[record + RecordWord.lengths]! & 0xffff;
      copyWords(replyView, at, words, record + RecordWord.content, wordsOf(octets));
      at += octets;
    }
  }

  /**
   * Puts the addresses of each target, all or none of them (RFC 2181 section 9), and returns the length of the reply. The
   * records before begin at `head` and end at `answered`.
   */
  #putAddresses(
    exchange: Exchange,
    words: Int32Array,
    block: number,
    head: number,
    answered: number,
    room: number,
  ): number {
    const { replyView, replyStart } = exchange;
    const { indexes, length } = this.#order;
    const stride = strideOf(words, block);
    let owner = pointer + head + rdataStart + targetStart;
    let end = answered;
    let additionals = 0;
    for (let i = 0; i < length; i++) {
      const record = block + Word.records + indexes[i]! * stride;
      const lengths = words[record + RecordWord.lengths]!;
      const octets = lengths & 0xffff;
      const a = (lengths >> 16) & 0xff;
      const aaaa = lengths >> 24;
      const size = a * aWords + aaaa * aaaaWords;
      if (size > 0 && end + 4 * size <= room) {
        let at = replyStart + end;
        copyWords(replyView, at, words, record + RecordWord.content + wordsOf(octets), size);
        for (let n = 0; n < a; n++, at += 4 * aWords) replyView.setUint16(at, owner);
        for (let n = 0; n < aaaa; n++, at += 4 * aaaaWords) replyView.setUint16(at, owner);
        additionals += a + aaaa;
        end = at - replyStart;
      }
      owner += octets;
    }
    if (additionals > 0) writeUint16(exchange.reply, replyStart + 10, additionals);
    return end;
  }

  #setOrder(octets: Uint8Array, words: Int32Array, block: number): void {
    const order = this.#order;
    const count = words[block + Word.count]!;
    const turn = (words[block + Word.turn]! + 1) & 0x3fff_ffff;
    words[block + Word.turn] = turn;
    switch (count === 1 ? Order.asTheyStand : words[block + Word.stride]! >> 16) {
      case Order.asTheyStand:
        order.natural(count);
        return;
      case Order.inTurn:
        order.rotate(count, turn);
        return;
    }
    order.reserve(count);
    const stride = strideOf(words, block);
    for (let i = 0; i < count; i++) {
      const record = block + Word.records + i * stride;
      const rdata = 4 * (record + RecordWord.content) + rdataStart;
      order.weigh(i, readUint16(octets, rdata), readUint16(octets, rdata + 2));
    }
    order.spreadWeighed(count, turn, 0);
  }
}
