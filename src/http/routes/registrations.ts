/** Registration: PUT under an id of the caller's, POST under one that the server picks. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomBytes } from 'node:crypto';
import { Type } from 'typebox';
import { namesOf, recordsOf } from '../../publish/preview.ts';
import { canonicalAddress } from '../../registry/address.ts';
import { type Instance, statusOf } from '../../registry/instance.ts';
import type { InstanceRef, Registration } from '../../registry/registration.ts';
import { type Api, type ApiParts, refOf, registryCaller } from '../api.ts';
import { etagOf, writeOptions } from '../conditional.ts';
import { instanceParams, registerQuery, serviceParams } from '../query.ts';
import {
  type DryRunReply, dryRunReply, type InstanceBody, instanceBody, type RegistrationReply, registrationReply,
} from '../schema/instance.ts';
import { leaseView } from '../view.ts';
import { warningsOf } from '../warnings.ts';

const schema = {
  tags: ['instances'],
  querystring: registerQuery,
  body: instanceBody,
  response: { 200: Type.Union([registrationReply, dryRunReply]), 201: registrationReply },
};

export function registrationRoutes(app: Api, parts: ApiParts): void {
  app.put(
    '/v1/services/:service/instances/:id',
    {
      config: { operation: 'write' },
      schema: { ...schema, summary: 'Register or replace an instance; safe to repeat', params: instanceParams },
    },
    (request, reply) => register(parts, request, reply, refOf(request), request.body, request.query.dryRun === 'true'),
  );

  app.post(
    '/v1/services/:service/instances',
    {
      config: { operation: 'write' },
      schema: { ...schema, summary: 'Register an instance under an id that the server picks', params: serviceParams },
    },
    (request, reply) => {
      request.target = { ...request.target, id: randomBytes(8).toString('hex') };
      return register(parts, request, reply, refOf(request), request.body, request.query.dryRun === 'true');
    },
  );
}

async function register(
  parts: ApiParts,
  request: FastifyRequest,
  reply: FastifyReply,
  ref: InstanceRef,
  body: InstanceBody,
  dryRun: boolean,
): Promise<RegistrationReply | DryRunReply> {
  const { registry } = parts;
  authoriseAddresses(parts, request, ref, body);
  const registration: Registration = { ...body, ...ref };
  const caller = registryCaller(request, parts, ref);
  if (dryRun) return dryRunView(parts, registry.plan(registration, caller, writeOptions(request.headers)));
  const { instance, created } = await registry.register(registration, caller, writeOptions(request.headers));
  reply.code(created ? 201 : 200).header('etag', etagOf(instance.revision));
  if (created) reply.header('location', `/v1/services/${instance.service}/instances/${instance.id}`);
  return registrationView(parts, instance);
}

/** A holder may register only addresses that its grant names; what is no address is the registry's to refuse. */
function authoriseAddresses(
  { access }: ApiParts,
  { caller }: FastifyRequest,
  { zone, service }: InstanceRef,
  body: InstanceBody,
): void {
  if (!access.limitsAddresses(caller)) return;
  const named = [...(body.address === undefined ? [] : [body.address]), ...(body.addresses ?? [])];
  const addresses = (named.length === 0 ? [caller.address] : named).flatMap(
    (address) => canonicalAddress(address) ?? [],
  );
  access.authorise(caller, { operation: 'write', where: { zone, service }, addresses });
}

function registrationView({ registry, defaultTtl }: ApiParts, instance: Instance): RegistrationReply {
  const { service, id, zone, generation, revision } = instance;
  const settings = registry.service(zone, service);
  return {
    service,
    id,
    zone,
    generation,
    revision,
    status: statusOf(instance),
    lease: leaseView(registry.leaseOf(instance)),
    names: namesOf(instance, settings),
    warnings: warningsOf(instance, settings, defaultTtl),
  };
}

function dryRunView({ registry, defaultTtl }: ApiParts, instance: Instance): DryRunReply {
  const { service, id, zone } = instance;
  const settings = registry.service(zone, service);
  return {
    service,
    id,
    zone,
    dryRun: true,
    names: namesOf(instance, settings),
    records: recordsOf(instance, settings, defaultTtl),
    warnings: warningsOf(instance, settings, defaultTtl),
  };
}
