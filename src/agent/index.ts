/** `signpost/agent`: keeps a program registered for as long as it runs, and takes it out without dropping a request. */
export { AgentError, type AgentErrorCode, agentErrorCodes } from './error.ts';
export type { Changes, Check, RegisterOptions, Status } from './options.ts';
export { register } from './register.ts';
export type { RegistrationEvents, RegistrationState } from './events.ts';
export type { Registration } from './registration.ts';
export type { Closable, Drained, ShutdownOptions } from './shutdown.ts';
