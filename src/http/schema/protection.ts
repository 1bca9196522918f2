/** Self-protection, as it stands. */
import { type Static, Type } from 'typebox';
import { time } from './fields.ts';

export const protectionReply = Type.Object({
  protection: Type.Array(
    Type.Object({
      zone: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'Null: all zones.' }),
      service: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'Null: all services.' }),
      since: time('When it began.'),
      instances: Type.Integer({ description: 'Instances that must renew.' }),
      late: Type.Integer({ description: 'How many of them are late.' }),
    }),
  ),
});
export type ProtectionReply = Static<typeof protectionReply>;
