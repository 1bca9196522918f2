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
  type BatchRenewBody, batchRenewBody, type BatchRenewReply, batchRenewReply, renewBody, type RenewReply, renewReply,
} from '../schema/renewal.ts';
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
  const { caller, target } = request;
  const renewals = leases.map((lease): Renewal => ({ ...lease, zone: lease.zone ?? target.zone }));
  const refusals = renewals.map(({ zone, service }) =>
    parts.access.refusal(caller, { operation: 'write', where: { zone: foldZone(zone), service: foldAscii(service) } }),
  );
  const allowed = renewals.filter((_, index) => refusals[index] === null);
  const outcomes = (await renewAllowed(parts, request, allowed)).values();
  return leases.map((lease, index) => {
    const refusal = refusals[index] ?? null;
    return refusal === null ? resultView(lease, outcomes.next().value!) : refusedView(lease, refusal);
  });
}

async function renewAllowed(
  parts: ApiParts,
  request: FastifyRequest,
  renewals: readonly Renewal[],
): Promise<readonly RenewalResult[]> {
  const { registry } = parts;
  const { address, id, mayAll } = request.caller;
  const outcomes = await registry.renew(renewals, { address, tokenId: id, mayTakeOver: mayAll });
  if (!outcomes.some(isForeign)) return outcomes;
  // Somebody else's instances, on which the caller may act nevertheless: rare enough to be asked one by one.
  return Promise.all(
    outcomes.map(async (outcome, index) => {
      const renewal = renewals[index]!;
      if (!isForeign(outcome)) return outcome;
      return (await registry.renew([renewal], registryCaller(request, parts, renewal)))[0]!;
    }),
  );
}

function isForeign(outcome: RenewalResult): boolean {
  return 'error' in outcome && outcome.error.code === 'conflict';
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
