/**
 * A health check as registered; `src/checks` runs it, but for `ttl`, which is about renewals. All durations in seconds.
 */
import { RegistryError } from './error.ts';
import { numberWithin, wholeNumber } from './range.ts';
import type { CheckRequest } from './registration.ts';
import type { Service } from './service.ts';

interface CheckTiming {
  /** 1 to 3600, 10 unless set; each run is moved by up to 10 % of it. */
  readonly interval: number;
  /** 0.1 to 60 and at most the interval, 3 unless set. */
  readonly timeout: number;
  /** Passes in a row that make it passing, and failures in a row that make it critical: 1 to 10; 2 and 3 unless set. */
  readonly rise: number;
  readonly fall: number;
}

export interface HttpCheck extends CheckTiming {
  readonly type: 'http' | 'https';
  /** Absolute path with optional query; never a host. */
  readonly path: string;
  readonly port: number;
}
export interface TcpCheck extends CheckTiming {
  readonly type: 'tcp';
  readonly port: number;
}
export interface GrpcCheck extends CheckTiming {
  readonly type: 'grpc';
  readonly port: number;
  /** Service name of the gRPC health protocol; '' asks for the server as a whole. */
  readonly grpcService: string;
}
/**
 * Passes as long as renewals come; critical when none came within `interval`. Their `status` is what the owner
 * declares.
 */
export interface TtlCheck {
  readonly type: 'ttl';
  readonly interval: number;
}
export type Check = HttpCheck | TcpCheck | GrpcCheck | TtlCheck;

const defaultTiming: CheckTiming = { interval: 10, timeout: 3, rise: 2, fall: 3 };

/** Completes and judges a check; `defaultPort` is the instance's. Throws `invalid` with a path below `path`. */
export function parseCheck(
  request: CheckRequest,
  defaultPort: number | null,
  defaults: Service['checkDefaults'],
  path: string,
): Check {
  const { type } = request;
  refuseStrayFields(request, path);
  const interval = numberWithin(
    request.interval ?? defaults?.interval ?? defaultTiming.interval,
    1,
    3600,
    `${path}.interval`,
  );
  if (type === 'ttl') return { type, interval };

  // A default longer than the interval asked for gives way; a timeout that was asked for does not.
  const timeout = request.timeout ?? Math.min(defaults?.timeout ?? defaultTiming.timeout, interval);
  const timing: CheckTiming = {
    interval,
    timeout: numberWithin(timeout, 0.1, Math.min(60, interval), `${path}.timeout`),
    rise: wholeNumber(request.rise ?? defaults?.rise ?? defaultTiming.rise, 1, 10, `${path}.rise`),
    fall: wholeNumber(request.fall ?? defaults?.fall ?? defaultTiming.fall, 1, 10, `${path}.fall`),
  };
  const port = request.port ?? defaultPort;
  if (port === null) {
    throw new RegistryError('invalid', `${path}.port is missing, and the instance has no default port`, `${path}.port`);
  }
  wholeNumber(port, 1, 65535, `${path}.port`);
  if (type === 'tcp') return { type, port, ...timing };
  if (type === 'grpc') {
    return { type, port, grpcService: parseGrpcService(request.grpcService ?? '', `${path}.grpcService`), ...timing };
  }
  return { type, port, path: parsePath(request.path ?? '/', `${path}.path`), ...timing };
}

/** The fields of each type beside its timing: another type's field is a mistake that must not pass. */
const fieldsOf: Record<CheckRequest['type'], readonly (keyof CheckRequest)[]> = {
  http: ['path', 'port', 'interval', 'timeout', 'rise', 'fall'],
  https: ['path', 'port', 'interval', 'timeout', 'rise', 'fall'],
  tcp: ['port', 'interval', 'timeout', 'rise', 'fall'],
  grpc: ['port', 'grpcService', 'interval', 'timeout', 'rise', 'fall'],
  ttl: ['interval'],
};

function refuseStrayFields(request: CheckRequest, path: string): void {
  for (const [field, value] of Object.entries(request)) {
    if (field === 'type' || value === undefined || fieldsOf[request.type].some((known) => known === field)) continue;
    throw new RegistryError(
      'invalid',
      `${path}.${field} has no meaning for a check of type ${request.type}`,
      `${path}.${field}`,
    );
  }
}

/** An origin-form request target (RFC 9112 section 3.2.1): `//` would open a host, and a fragment is never sent. */
function parsePath(text: string, path: string): string {
  if (text.length <= 1024 && /^\/(?!\/)[!-~]*$/.test(text) && !/[#\\]/.test(text)) return text;
  throw new RegistryError(
    'invalid',
    `${path} is ${JSON.stringify(text.slice(0, 100))}, wanted an absolute path of 1 to 1024 printable ASCII characters`,
    path,
  );
}

function parseGrpcService(text: string, path: string): string {
  if (text.length <= 255 && /^[A-Za-z0-9_./-]*$/.test(text)) return text;
  throw new RegistryError(
    'invalid',
    `${path} is ${JSON.stringify(text.slice(0, 100))}, wanted a gRPC service name`,
    path,
  );
}
