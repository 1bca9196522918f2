/** Renewals: one lease, or many at once. Nothing is written for them unless they change a status. */
import type { FastifyRequest } from 'fastify';
import { statusOf } from '../../registry/instance.ts';
import { foldAscii } from '../../registry/label.ts';
import type { RenewalResult } from '../../registry/registry.ts';
import type { Renewal } from '../../registry/registration.ts';
import { type Api, type ApiParts, foldZone, refOf, registryCaller } from '../api.ts';
import { type Problem, problemOf, problemStatus } from '../problem.ts';
import { instanceParams, zoneQuery } from '../query.ts';
import {
  type BatchRenewBody,
  batchRenewBody,
  type BatchRenewReply,
  batchRenewReply,
  renewBody,
  type RenewReply,
  renewReply,
} from '../schema.ts';
import { httpLimits } from '../settings.ts';
import { leaseView } from '../view.ts';

export function renewalRoutes(app: Api, parts: ApiParts): void {
  const { registry } = parts;

  app.post(
    '/v1/services/:service/instances/:id/renew',
    {
      config: { operation: 'write', unaudited: true },
      schema: {
        tags: ['leases'],
        summary: 'Extend the lease of an instance',
        params: instanceParams,
        querystring: zoneQuery,
        body: renewBody,
        response: { 200: renewReply },
      },
    },
    async (request): Promise<RenewReply> => {
      const ref = refOf(request);
      const [result] = await registry.renew([{ ...ref, ...request.body }], registryCaller(request, parts, ref));
      if ('error' in result!) throw result.error;
      const { instance, lease } = result!;
      const { service, id, zone, generation, revision } = instance;
      return { service, id, zone, generation, revision, status: statusOf(instance), lease: leaseView(lease) };
    },
  );

  app.post(
    '/v1/renew',
    {
      config: { operation: 'write', unaudited: true, servicesInBody: true },
      bodyLimit: httpLimits.batchBody,
      schema: {
        tags: ['leases'],
        summary: 'Extend many leases at once, each for itself',
        querystring: zoneQuery,
        body: batchRenewBody,
        response: { 200: batchRenewReply },
      },
    },
    async (request): Promise<BatchRenewReply> => ({ results: await renewAll(parts, request, request.body) }),
  );
}

type Result = BatchRenewReply['results'][number];

async function renewAll(parts: ApiParts, request: FastifyRequest, { leases }: BatchRenewBody): Promise<Result[]> {
  const { registry, access } = parts;
  const { caller, target } = request;
  const renewals = leases.map((lease): Renewal =>
    lease.zone === undefined ? { ...lease, zone: target.zone } : (lease as Renewal),
  );
  const refused = new Map<number, Problem>();
  if (!caller.mayAll) {
    renewals.forEach(({ zone, service }, index) => {
      const refusal = access.refusal(caller, {
        operation: 'write',
        where: { zone: foldZone(zone), service: foldAscii(service) },
      });
      if (refusal !== null) refused.set(index, refusal);
    });
  }
  const allowed = refused.size === 0 ? renewals : renewals.filter((_, index) => !refused.has(index));
  const renewed = await registry.renew(allowed, {
    address: caller.address,
    tokenId: caller.id,
    mayTakeOver: caller.mayAll,
  });
  const results: Result[] = [];
  let next = 0;
  for (const [index, lease] of leases.entries()) {
    const refusal = refused.get(index);
    if (refusal !== undefined) {
      results.push(refusedView(lease, refusal));
      continue;
    }
    const [renewal, result] = [allowed[next]!, renewed[next++]!];
    // Somebody else's instance, on which the caller may act nevertheless: rare enough to be asked one by one.
    const isForeign = 'error' in result && result.error.code === 'conflict';
    results.push(
      resultView(
        lease,
        isForeign ? (await registry.renew([renewal], registryCaller(request, parts, renewal)))[0]! : result,
      ),
    );
  }
  return results;
}

function resultView(lease: BatchRenewBody['leases'][number], result: RenewalResult): Result {
  if ('error' in result) return refusedView(lease, problemOf(result.error)!);
  const { service, id, generation } = lease;
  return { service, id, generation, status: 200, lease: leaseView(result.lease) };
}

function refusedView(
  { service, id, generation }: BatchRenewBody['leases'][number],
  { code, message }: Problem,
): Result {
  return { service, id, generation, status: problemStatus[code], code, detail: message };
}
