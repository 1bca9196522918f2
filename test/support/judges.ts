/** Decoders of others, which must be able to read whatever we send. */
import dns2 from 'dns2';
import { decode } from 'dns-packet';

/**
 * Throws where dns-packet or dns2 cannot read `reply`, or it is no answer to `query`: another id, no response, a question that
 * is not the one asked.
 */
export function judgeReply(query: Buffer, reply: Buffer): void {
  const packet = decode(reply);
  if (packet.type !== 'response') throw new Error('found a query, wanted a response');
  if (packet.id !== query.readUInt16BE(0)) throw new Error(`found id ${String(packet.id)}, wanted that of the query`);
  const { errors } = dns2.Packet.parse(reply) as unknown as { errors?: readonly unknown[] };
  if (errors !== undefined && errors.length > 0) throw new Error(`dns2 cannot read it: ${String(errors[0])}`);
  if (reply.readUInt16BE(4) === 0) return;
  const question = reply.subarray(12, questionEnd(reply));
  if (!query.subarray(12, 12 + question.length).equals(question)) throw new Error('the question is not the one that was asked');
}

/** The offset after the first question, whose name is not compressed. */
function questionEnd(message: Buffer): number {
  let offset = 12;
  while (message[offset]! > 0) offset += message[offset]! + 1;
  return offset + 5;
}
