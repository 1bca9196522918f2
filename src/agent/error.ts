/** Everything the agent can fail with, as one class and a closed set of codes. */

export const agentErrorCodes = [
  'AGENT_UNREACHABLE', // no server answered
  'AGENT_DENIED', // the token is missing or may not do this
  'AGENT_REFUSED', // the server will never take this registration as it stands
  'AGENT_CONFLICT', // another process holds the id
  'AGENT_STOPPED', // the registration was shut down
] as const;

export type AgentErrorCode = (typeof agentErrorCodes)[number];

/** Why a registration is not what it should be; `code` is stable, the message is for people. */
export class AgentError extends Error {
  readonly code: AgentErrorCode;
  /** The server's problem code (RFC 9457); null where there was no answer. */
  readonly problem: string | null;
  constructor(code: AgentErrorCode, message: string, problem: string | null = null, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AgentError';
    this.code = code;
    this.problem = problem;
  }
}
