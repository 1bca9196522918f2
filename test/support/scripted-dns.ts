/**
 * DNS as a table that the test changes, handed to a resolver as its `ask`: no sockets, so that it works in fake time.
 */
import type { Ask, Reply, ReplyRecord } from '../../src/client/reply.ts';
import { SrvError } from '../../src/client/error.ts';

/** One SRV record as text, `priority weight port target address...`: `10 100 8080 a.test 10.0.0.1`. */
export type SrvLine = string;

export class ScriptedDns {
  /** What the name answers: records, an absence, or an error that every server gives. */
  answer: readonly SrvLine[] | 'nxdomain' | 'nodata' | 'dead' = [];
  ttlMs = 5000;
  authoritative = true;
  negativeTtlMs: number | null = 5000;
  /** Questions for SRV so far, by when they came. */
  readonly asked: number[] = [];
  readonly #now: () => number;

  constructor(now: () => number, answer: readonly SrvLine[] = []) {
    this.#now = now;
    this.answer = answer;
  }

  readonly ask: Ask = (name, type) => {
    const { answer, ttlMs, authoritative, negativeTtlMs } = this;
    if (type !== 'SRV')
      return Promise.resolve({ rcode: 'NOERROR', authoritative, answers: [], additionals: [], negativeTtlMs });
    this.asked.push(this.#now());
    if (answer === 'dead') return Promise.reject(new SrvError('SRV_TIMEOUT', name, 'no answer'));
    const empty: Reply = {
      rcode: answer === 'nxdomain' ? 'NXDOMAIN' : 'NOERROR',
      authoritative,
      answers: [],
      additionals: [],
      negativeTtlMs,
    };
    if (typeof answer === 'string') return Promise.resolve(empty);
    const answers: ReplyRecord[] = [];
    const additionals: ReplyRecord[] = [];
    for (const line of answer) {
      const [priority, weight, port, target, ...addresses] = line.split(' ');
      const host = target === '.' ? '' : target!;
      answers.push({
        type: 'SRV',
        owner: name,
        ttlMs,
        priority: Number(priority),
        weight: Number(weight),
        port: Number(port),
        target: host,
      });
      for (const address of addresses)
        additionals.push({ type: address.includes(':') ? 'AAAA' : 'A', owner: host, ttlMs, address });
    }
    return Promise.resolve({ ...empty, answers, additionals });
  };
}
