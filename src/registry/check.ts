/** A health check as registered; `src/checks` runs it. All durations in seconds. */

interface CheckTiming {
  /** 1 to 3600, 10 unless set; each run is moved by up to 10 % of it. */
  readonly interval: number;
  /** 0.1 to 60, 3 unless set. */
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
/** Passes as long as the owner sends `passing` with its renewals; critical when no renewal came within `interval`. */
export interface TtlCheck {
  readonly type: 'ttl';
  readonly interval: number;
}
export type Check = HttpCheck | TcpCheck | GrpcCheck | TtlCheck;
