/** Services: their lists, which can be waited for, and their settings. */
import type { FastifyRequest } from 'fastify';
import { type Instance, statusOf } from '../../registry/instance.ts';
import { foldAscii } from '../../registry/label.ts';
import { type Api, type ApiParts, servedZone } from '../api.ts';
import { answerUnlessCurrent, etagOf, writeOptions } from '../conditional.ts';
import { Problem } from '../problem.ts';
import { listQuery, serviceParams, waitSeconds, zoneQuery } from '../query.ts';
import { type InstancesReply, instancesReply } from '../schema/instance.ts';
import { notModified } from '../schema/reply.ts';
import { serviceBody, type ServiceReply, serviceReply, type ServicesReply, servicesReply } from '../schema/service.ts';
import { instanceView, serviceView } from '../view.ts';

const one = '/v1/services/:service';
const tags = ['services'];

interface ListQuery {
  readonly tag?: string;
  readonly status?: string;
  readonly index?: string;
  readonly wait?: string;
}

export function serviceRoutes(app: Api, parts: ApiParts): void {
  const { registry, watch, stopping } = parts;

  app.get(
    '/v1/services',
    {
      config: { operation: 'read' },
      schema: {
        tags,
        summary: 'List the services of a zone',
        querystring: listQuery,
        response: { 200: servicesReply, 304: notModified },
      },
    },
    async (request, reply): Promise<ServicesReply | null> => {
      const zone = servedZone(request, parts);
      await untilNewer(request, zone, null, request.query);
      const revision = watch.revisionOf(zone, null);
      return answerUnlessCurrent(request, reply, revision, () => ({
        revision,
        services: servicesView(zone, request.query),
      }));
    },
  );

  app.get(
    `${one}/instances`,
    {
      config: { operation: 'read' },
      schema: {
        tags: ['instances'],
        summary: 'List the instances of a service',
        params: serviceParams,
        querystring: listQuery,
        response: { 200: instancesReply, 304: notModified },
      },
    },
    async (request, reply): Promise<InstancesReply | null> => {
      const zone = servedZone(request, parts);
      const service = request.target.service!;
      const { query } = request;
      await untilNewer(request, zone, service, query);
      const revision = watch.revisionOf(zone, service);
      return answerUnlessCurrent(request, reply, revision, () => {
        const instances = [...registry.instances(zone, service)].filter((instance) => isWanted(instance, query));
        return { revision, instances: instances.map(instanceView) };
      });
    },
  );

  app.get(
    one,
    {
      config: { operation: 'read' },
      schema: {
        tags,
        summary: 'Read the settings of a service',
        params: serviceParams,
        querystring: zoneQuery,
        response: { 200: serviceReply, 304: notModified },
      },
    },
    (request, reply): ServiceReply | null => {
      const zone = servedZone(request, parts);
      const service = request.target.service!;
      if (!registry.hasService(zone, service))
        throw new Problem('not-found', `there is no service ${service} in zone ${zone}`);
      const settings = registry.service(zone, service);
      return answerUnlessCurrent(request, reply, settings?.revision ?? 0, () => serviceView(zone, service, settings));
    },
  );

  app.put(
    one,
    {
      config: { operation: 'write' },
      schema: {
        tags,
        summary: 'Set the settings of a service, all of them',
        params: serviceParams,
        querystring: zoneQuery,
        body: serviceBody,
        response: { 200: serviceReply, 201: serviceReply },
      },
    },
    async (request, reply): Promise<ServiceReply> => {
      const { zone, service: name } = request.target;
      const { service, created } = await registry.putService(zone, name!, request.body, writeOptions(request.headers));
      reply.code(created ? 201 : 200).header('etag', etagOf(service.revision));
      return serviceView(service.zone, service.service, service);
    },
  );

  app.delete(
    one,
    {
      config: { operation: 'write' },
      schema: {
        tags,
        summary: 'Take the settings of a service back to their defaults; its instances stay',
        params: serviceParams,
        querystring: zoneQuery,
        response: { 200: serviceReply },
      },
    },
    async (request): Promise<ServiceReply> => {
      const { zone, service } = request.target;
      await registry.deleteService(zone, service!, writeOptions(request.headers));
      return serviceView(zone, service!, null);
    },
  );

  const untilNewer = async (
    { signal }: FastifyRequest,
    zone: string,
    service: string | null,
    { index, wait }: ListQuery,
  ): Promise<void> => {
    if (index !== undefined && !stopping.aborted)
      await watch.newerThan(Number(index), zone, service, waitSeconds(wait), signal);
  };

  /** With a filter: the services that have such an instance. */
  const servicesView = (zone: string, query: ListQuery): ServicesReply['services'] => {
    const services: ServicesReply['services'] = [];
    const isFiltered = query.tag !== undefined || query.status !== undefined;
    for (const service of registry.services(zone)) {
      if (isFiltered && !hasWanted(registry.instances(zone, service), query)) continue;
      services.push({ service, zone, ...registry.countOf(zone, service) });
    }
    return services;
  };
}

function hasWanted(instances: Iterable<Instance>, query: ListQuery): boolean {
  for (const instance of instances) if (isWanted(instance, query)) return true;
  return false;
}

function isWanted(instance: Instance, { tag, status }: ListQuery): boolean {
  return (
    (tag === undefined || instance.tags.includes(foldAscii(tag))) &&
    (status === undefined || statusOf(instance) === status)
  );
}
