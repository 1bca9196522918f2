/** Everything the registry refuses, as a closed set; the HTTP border maps each code to a status once. */

export type RegistryErrorCode =
  | 'not-found' // no such service, instance or zone
  | 'gone' // this generation was deregistered or replaced: register again
  | 'conflict' // If-Match, takeover of a live id, or a lost race with another server
  | 'invalid' // a value that the schema cannot judge: name, address, port, reserved name
  | 'forbidden' // the caller may not do this
  | 'too-many' // a limit on instances or services is reached
  | 'store-full'
  | 'store-unavailable';

export class RegistryError extends Error {
  readonly code: RegistryErrorCode;
  /** JSON path of the offending value, where there is one: `ports.grpc.port`. */
  readonly path: string | null;
  constructor(code: RegistryErrorCode, message: string, path: string | null = null, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RegistryError';
    this.code = code;
    this.path = path;
  }
}
