/** Leases and what renews them, one by one or many at once. */
import { type Static, Type } from 'typebox';
import { closed, declaredStatus, generation, reference, revision, status, time } from './fields.ts';

export const leaseReply = Type.Object({
  seconds: Type.Number({ description: 'Length of the lease.' }),
  expiresAt: time('When the instance is gone unless it is renewed.'),
  renewAfter: Type.Number({ description: 'Seconds to wait before the next renewal; longer when the server is busy.' }),
});
export type LeaseReply = Static<typeof leaseReply>;

export const leaseOrNull = Type.Unsafe<LeaseReply | null>({
  anyOf: [leaseReply, { type: 'null' }],
  description: 'Null: permanent.',
});

export const renewBody = closed({ generation, status: Type.Optional(declaredStatus) });
export type RenewBody = Static<typeof renewBody>;

export const batchRenewBody = closed({
  leases: Type.Array(
    closed({
      service: Type.String({ description: 'Label of the service.' }),
      id: Type.String({ description: 'Label of the instance.' }),
      generation,
      status: Type.Optional(declaredStatus),
      zone: Type.Optional(Type.String({ description: 'Service zone; that of the query unless set.' })),
    }),
    { maxItems: 10_000 },
  ),
});
export type BatchRenewBody = Static<typeof batchRenewBody>;

export const renewReply = Type.Object({ ...reference, generation, revision, status, lease: leaseOrNull });
export type RenewReply = Static<typeof renewReply>;

export const batchRenewReply = Type.Object({
  results: Type.Array(
    Type.Object({
      service: Type.String(),
      id: Type.String(),
      generation: Type.Number(),
      status: Type.Integer({
        description: 'HTTP status that a single renew would have had: 200, or what `code` stands for.',
      }),
      lease: Type.Optional(leaseOrNull),
      code: Type.Optional(
        Type.String({ description: 'Problem code; not-found and gone: register again, replaced: do not.' }),
      ),
      detail: Type.Optional(Type.String()),
    }),
    { description: 'One result a lease, in the order they were sent.' },
  ),
});
export type BatchRenewReply = Static<typeof batchRenewReply>;
