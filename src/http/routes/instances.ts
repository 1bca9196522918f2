/** What happens to a registered instance: it is read, patched, drained and deregistered. */
import type { Removed } from '../../registry/registry.ts';
import { type Api, type ApiParts, refOf, registryCaller } from '../api.ts';
import { answerUnlessCurrent, etagOf, writeOptions } from '../conditional.ts';
import { Problem } from '../problem.ts';
import { deregisterQuery, drainQuery, instanceParams, zoneQuery } from '../query.ts';
import { type InstanceReply, instanceReply, patchBody, type RemovalReply, removalReply } from '../schema/instance.ts';
import { notModified } from '../schema/reply.ts';
import { instanceView, isoTime } from '../view.ts';

const path = '/v1/services/:service/instances/:id';
const tags = ['instances'];

export function instanceRoutes(app: Api, parts: ApiParts): void {
  const { registry, clock, stopping } = parts;

  app.get(
    path,
    {
      config: { operation: 'read' },
      schema: {
        tags,
        summary: 'Read an instance',
        params: instanceParams,
        querystring: zoneQuery,
        response: { 200: instanceReply, 304: notModified },
      },
    },
    (request, reply): InstanceReply | null => {
      const { zone, service, id } = refOf(request);
      const instance = registry.instance(zone, service, id);
      if (instance === null)
        throw new Problem('not-found', `instance ${id} of service ${service} is not registered in zone ${zone}`);
      return answerUnlessCurrent(request, reply, instance.revision, () => instanceView(instance));
    },
  );

  app.patch(
    path,
    {
      config: { operation: 'write' },
      schema: {
        tags,
        summary: 'Change weight, priority, tags, meta or status of an instance',
        params: instanceParams,
        querystring: zoneQuery,
        body: patchBody,
        response: { 200: instanceReply },
      },
    },
    async (request, reply): Promise<InstanceReply> => {
      const ref = refOf(request);
      const instance = await registry.patch(
        ref,
        request.body,
        registryCaller(request, parts, ref),
        writeOptions(request.headers),
      );
      reply.header('etag', etagOf(instance.revision));
      return instanceView(instance);
    },
  );

  app.post(
    `${path}/drain`,
    {
      config: { operation: 'write' },
      schema: {
        tags,
        summary: 'Take an instance out of DNS, and say when it is safe to stop',
        params: instanceParams,
        querystring: drainQuery,
        response: { 200: removalReply },
      },
    },
    async (request): Promise<RemovalReply> => {
      const ref = refOf(request);
      const drained = await registry.drain(ref, registryCaller(request, parts, ref), writeOptions(request.headers));
      const reply = removalView(drained);
      if (request.query.wait === 'true') await pause(drained.heldFor, AbortSignal.any([stopping, request.signal]));
      return reply;
    },
  );

  app.delete(
    path,
    {
      config: { operation: 'write' },
      schema: {
        tags,
        summary: 'Deregister an instance',
        params: instanceParams,
        querystring: deregisterQuery,
        response: { 200: removalReply },
      },
    },
    async (request): Promise<RemovalReply> => {
      const ref = refOf(request);
      const { generation } = request.query;
      const number = generation === undefined ? null : Number(generation);
      return removalView(
        await registry.deregister(ref, number, registryCaller(request, parts, ref), writeOptions(request.headers)),
      );
    },
  );

  const removalView = ({ instance: { service, id, zone, generation }, heldFor }: Removed): RemovalReply => ({
    service,
    id,
    zone,
    generation,
    safeToStopAt: isoTime(clock.wall() + heldFor * 1000),
  });

  /** Waits; throws Problem `stopping` when the server stops before, or nobody waits for the answer any more. */
  const pause = (seconds: number, interrupted: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const interrupt = (): void => {
        timer.cancel();
        reject(
          new Problem('stopping', 'the instance is drained; the server stops before it is safe to stop the instance'),
        );
      };
      const timer = clock.after(seconds * 1000, () => {
        interrupted.removeEventListener('abort', interrupt);
        resolve();
      });
      if (interrupted.aborted) interrupt();
      else interrupted.addEventListener('abort', interrupt);
    });
}
