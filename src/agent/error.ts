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

/** What a refusal of the server means for a registration. */
export function refusalError(
  { status, problem, detail }: { readonly status: number; readonly problem: string | null; readonly detail: string },
): AgentError {
  const code =
    status === 401 || status === 403 ? 'AGENT_DENIED' : problem === 'conflict' ? 'AGENT_CONFLICT' : 'AGENT_REFUSED';
  return new AgentError(code, detail, problem);
}

export function replacedError(detail: string): AgentError {
  return new AgentError('AGENT_CONFLICT', detail, 'replaced');
}

export function silenceError(error: Error): AgentError {
  return new AgentError('AGENT_UNREACHABLE', `no server answered: ${reasonOf(error)}`, null, { cause: error });
}

export function stoppedError(): AgentError {
  return new AgentError('AGENT_STOPPED', 'the registration was ended');
}

/** fetch hides why it failed in the cause. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
