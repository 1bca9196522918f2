/** The kinds of checks that the server runs, a line each. */
import { probeGrpc } from './grpc.ts';
import { probeHttp } from './http.ts';
import type { Outcome, Probe, ProbedCheck, Target } from './probe.ts';
import { probeTcp } from './tcp.ts';

const probes: { readonly [Type in ProbedCheck['type']]: Probe<Extract<ProbedCheck, { type: Type }>> } = {
  http: probeHttp,
  https: probeHttp,
  tcp: probeTcp,
  grpc: probeGrpc,
};

/** Asks `target` once, in the way of `check`. */
export function probe(target: Target, check: ProbedCheck, signal: AbortSignal): Promise<Outcome> {
  return (probes[check.type] as Probe<ProbedCheck>)(target, check, signal);
}
