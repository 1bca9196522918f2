/** Runs commands inside the test: everything of the process is handed in, and the server is a function. */
import { runProgram } from '../../src/cli/commands.ts';

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A request as the server sees it. */
export interface Call {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly headers: Headers;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
}

/** A server: what it answers; a value becomes 200 with JSON. */
export type Answer = (call: Call) => unknown;

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly server?: Answer;
  /** Takes the place of waiting; nobody waits unless set. */
  readonly pause?: (milliseconds: number) => Promise<unknown>;
}

/** Runs `signpost ARGS...` and returns what it printed and its exit code. */
export async function runCommand(args: readonly string[], { env = {}, server, pause = () => Promise.resolve() }: RunOptions = {}): Promise<Result> {
  let [stdout, stderr] = ['', ''];
  const code = await runProgram(args, {
    env,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    fetch: server === undefined ? fetch : fetchOf(server),
    pause,
  });
  return { code, stdout, stderr };
}

/** A problem document as the API sends it. */
export function problem(status: number, code: string, detail: string): Response {
  return Response.json({ type: 'about:blank', status, code, detail }, { status, headers: { 'content-type': 'application/problem+json' } });
}

function fetchOf(server: Answer): typeof fetch {
  return async (input, init) => {
    const request = new Request(input instanceof URL ? input.href : input, init);
    const { pathname, search } = new URL(request.url);
    const text = await request.text();
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const answer = await server({ method: request.method, path: pathname + search, headers: request.headers, body });
    return answer instanceof Response ? answer : Response.json(answer);
  };
}
