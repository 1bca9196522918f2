import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WordHeap } from '../../src/zone/word-heap.ts';

const step = fc.oneof(
  fc.record({ act: fc.constant('allocate' as const), number: fc.integer({ min: 1, max: 700 }) }),
  fc.record({ act: fc.constant('free' as const), number: fc.nat({ max: 1000 }) }),
);

describe('a heap of words', () => {
  it('keeps what stands in each block until the block is freed, and four words behind the last can be read', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const heap = new WordHeap();
        const blocks: { position: number; length: number; content: number }[] = [];
        for (const [content, { act, number }] of steps.entries()) {
          if (act === 'allocate') {
            const position = heap.allocate(number);
            expect(position).toBeGreaterThan(0);
            heap.words.fill(content, position, position + number);
            blocks.push({ position, length: number, content });
          } else if (blocks.length > 0) {
            const [{ position, length }] = blocks.splice(number % blocks.length, 1) as [(typeof blocks)[0]];
            heap.free(position, length);
          }
          for (const block of blocks) {
            const words = heap.words.subarray(block.position, block.position + block.length);
            expect(words.every((word) => word === block.content)).toBe(true);
            expect(heap.words[block.position + block.length + 3]).toBeDefined();
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('gives no more than it may', () => {
    const heap = new WordHeap(2000);
    const given = Array.from({ length: 100 }, () => heap.allocate(64)).filter((position) => position > 0);
    expect(given).toHaveLength(Math.floor((2000 - 8 - 4) / 64));
    heap.free(given[3]!, 64);
    expect(heap.allocate(64)).toBe(given[3]);
    expect(heap.allocate(64)).toBe(0);
  });

  it('has room for what grows by turns in less than five times its size', () => {
    const heap = new WordHeap();
    const grown: number[] = new Array<number>(1000).fill(0);
    for (let length = 20; length <= 400; length += 20) {
      for (let i = 0; i < grown.length; i++) {
        const before = grown[i]!;
        grown[i] = heap.allocate(length);
        if (before > 0) heap.free(before, length - 20);
      }
    }
    expect(Math.max(...grown)).toBeLessThan(5 * 400 * grown.length);
  });

  it('gives freed blocks again: what comes and goes takes no more memory', () => {
    const heap = new WordHeap();
    heap.allocate(104);
    const { length } = heap.words;
    for (let i = 0; i < 10_000; i++) heap.free(heap.allocate(100 + (i % 4)), 100 + (i % 4));
    expect(heap.words.length).toBe(length);
  });

  it('shows the same memory as octets', () => {
    const heap = new WordHeap();
    for (const length of [1, 1000, 100_000]) {
      const position = heap.allocate(length);
      heap.words[position] = -1;
      expect([...heap.octets.subarray(4 * position, 4 * position + 4)]).toEqual([255, 255, 255, 255]);
    }
  });
});
