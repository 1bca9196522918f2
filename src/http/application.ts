/** The HTTP API without sockets: everything between a request that was read and the answer that is to be sent. */
import Fastify, { type FastifyInstance, type FastifyRequest, type HTTPMethods } from 'fastify';
import type { Logger } from '../runtime/log.ts';
import { peerAddress } from './address.ts';
import type { Api, ApiParts } from './api.ts';
import type { Audit } from './audit.ts';
import { takeJsonOnly } from './body.ts';
import { addGuard, type GuardParts } from './guard.ts';
import type { ObserveRequest } from './metrics.ts';
import { describeApi, serveDescription } from './openapi.ts';
import { Problem, problemOf, sendProblem } from './problem.ts';
import { backupRoutes } from './routes/backup.ts';
import { eventRoutes } from './routes/events.ts';
import { explainRoutes } from './routes/explain.ts';
import { healthRoutes } from './routes/health.ts';
import { instanceRoutes } from './routes/instances.ts';
import { protectionRoutes } from './routes/protection.ts';
import { registrationRoutes } from './routes/registrations.ts';
import { renewalRoutes } from './routes/renewals.ts';
import { serviceRoutes } from './routes/services.ts';
import { httpLimits, type HttpSettings } from './settings.ts';
import { schemaProblem } from './validation.ts';

export interface ApplicationParts extends ApiParts, GuardParts {
  readonly observe: ObserveRequest;
  readonly log: Logger;
}

export async function createApplication(settings: HttpSettings, parts: ApplicationParts): Promise<FastifyInstance> {
  const { log, stopping } = parts;
  const app: Api = Fastify({
    bodyLimit: httpLimits.body,
    // A name that is too long is the registry's to refuse; 404 would say that there is no such call.
    routerOptions: { maxParamLength: httpLimits.url },
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: false,
        verbose: true,
      },
    },
    schemaErrorFormatter: schemaProblem,
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, problemOf(error) ?? internalProblem()),
  });
  // What V8 does in one piece is faster than what a library does by schema; that replies keep to theirs is tested.
  app.setSerializerCompiler(() => JSON.stringify);
  const methods = rememberMethods(app);

  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(stopping.aborted ? lastHeaders : commonHeaders);
    done();
  });
  // A 304 has no content, not even that of null, and so no length of its own (RFC 9110 sections 8.6 and 15.4.5).
  app.addHook('onSend', (_request, reply, payload, done) => {
    done(null, reply.statusCode === 304 ? null : payload);
  });
  takeJsonOnly(app);
  app.decorateRequest('problem', null);
  addGuard(app, settings, parts);
  addRecords(app, parts);
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem === null)
      log.error(
        { err: error, method: request.method, route: request.routeOptions.url },
        'a request failed through a fault of ours',
      );
    return sendProblem(reply, problem ?? internalProblem());
  });
  app.setNotFoundHandler((request, reply) => sendProblem(reply, noRoute(request, methods)));

  await describeApi(app);
  for (const addRoutes of [
    registrationRoutes,
    instanceRoutes,
    renewalRoutes,
    serviceRoutes,
    protectionRoutes,
    eventRoutes,
    explainRoutes,
    healthRoutes,
    backupRoutes,
  ]) {
    addRoutes(app, parts);
  }
  serveDescription(app);
  return app;
}

/** No answer is to be stored by anyone, or taken by a browser for what it does not say it is. */
const commonHeaders = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' };
const lastHeaders = { ...commonHeaders, connection: 'close' };

function internalProblem(): Problem {
  return new Problem('internal', 'a fault of the server; its log says more');
}

/** The methods of each route, by the expression that its URLs match. */
type Methods = ReadonlyMap<string, { readonly pattern: RegExp; readonly methods: HTTPMethods[] }>;

function rememberMethods(app: Api): Methods {
  const known = new Map<string, { pattern: RegExp; methods: HTTPMethods[] }>();
  app.addHook('onRoute', ({ url, method }) => {
    const route = known.get(url) ?? { pattern: new RegExp(`^${url.replace(/:\w+/g, '[^/]+')}$`), methods: [] };
    known.set(url, route);
    route.methods.push(...[method].flat());
  });
  return known;
}

function noRoute({ method, url }: FastifyRequest, methods: Methods): Problem {
  const path = url.split('?', 1)[0]!;
  const allowed = [...methods.values()].filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods);
  if (allowed.length === 0)
    return new Problem('unknown-path', `there is no ${path.slice(0, 200)} here; /openapi.json says what there is`);
  const allow = [...new Set(allowed)].sort().join(', ');
  return new Problem('method-not-allowed', `${method} is not possible here, only ${allow}`, { headers: { allow } });
}

/** Takes down every finished request for the metrics, and every write for the audit log. */
function addRecords(app: Api, { observe, audit }: ApplicationParts): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { url, config } = request.routeOptions;
    const status = reply.statusCode;
    const { method } = request;
    observe(
      url === undefined
        ? { method: 'any', route: 'none', status: String(status) }
        : { method, route: url, status: String(status) },
      reply.elapsedTime / 1000,
    );
    if (audit !== null && (config.operation === 'write' || config.operation === 'admin') && isAudited(request, status))
      recordWrite(audit, request, status);
    done();
  });
}

function isAudited({ routeOptions, query }: FastifyRequest, status: number): boolean {
  if ((query as { dryRun?: unknown }).dryRun === 'true') return false;
  // Refused renewals are few, and say something.
  return routeOptions.config.unaudited !== true || status === 401 || status === 403;
}

function recordWrite(audit: Audit, request: FastifyRequest, status: number): void {
  const { method, routeOptions, problem, raw } = request;
  // Both are null where the guard refused the request before it knew them.
  const { id: who = null, address: peer = peerAddress(raw.socket.remoteAddress) } =
    (request.caller as typeof request.caller | null) ?? {};
  const { zone = null, service = null, id = null } = (request.target as typeof request.target | null) ?? {};
  audit.write({
    who,
    peer,
    what: `${method} ${routeOptions.url!}`,
    zone,
    service,
    id,
    status,
    ...(problem !== null && { code: problem.code }),
  });
}
