/**
 * `signpost/client`: SRV records for Node. Resolve them with TTLs, keep their targets up to date, balance over those,
 * and use all that from fetch, node:http, node:net and @grpc/grpc-js. Works with any DNS server.
 */
export type { PolicyName } from './balance/policy.ts';
export type { EjectionReason } from './balance/outlier.ts';
export { type FailedAttempt, SrvError, type SrvErrorCode, srvErrorCodes } from './error.ts';
export type { ServiceEventName, ServiceEvents, ServiceUpdate } from './events.ts';
export type { SrvRecord } from './lookup.ts';
export type { ResolverOptions, ServiceOptions } from './options.ts';
export { type OrderOptions, orderSrv, type Preference } from './order.ts';
export type { AddressReply, Ask, CnameReply, QuestionType, Reply, ReplyRecord, SrvReply } from './reply.ts';
export { resolveSrv } from './resolve.ts';
export { createResolver, type ResolveOptions, type Resolver, type ResolverStats, type SrvAnswer } from './resolver.ts';
export type { Attempt, PickOptions, ReadyOptions, RunOptions, Service, ServiceStats } from './service.ts';
export { isConnectFailure, type Pick, type Target, type TargetState } from './target.ts';
export { type AgentOptions, createAgent, createHttpsAgent, type TlsAgentOptions } from './integrations/agent.ts';
export {
  type Connector,
  type ConnectorCall,
  type ConnectorOptions,
  createConnector,
} from './integrations/connector.ts';
export { createDispatcher, type DispatcherOptions, type UndiciModule } from './integrations/dispatcher.ts';
export { type GrpcModule, type GrpcOptions, registerGrpcResolver } from './integrations/grpc.ts';
export { createLookup, type Lookup, type LookupOptions } from './integrations/lookup.ts';
export type { RouteOptions } from './integrations/router.ts';
