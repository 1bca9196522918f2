/** Everything the registry refuses, as a closed set; the HTTP border maps each code to a status once. */

export type RegistryErrorCode =
  | 'not-found' // no such service, instance or zone
  | 'gone' // this generation was deregistered or has expired: register again
  | 'replaced' // a later registration of this id holds it now: do not register again, or the two holders take turns
  | 'conflict' // the id is held by an instance of another token, or another server changed it first
  | 'stale' // If-Match names another revision than the current one
  | 'invalid' // a value that the schema cannot judge: name, address, port, reserved name
  | 'forbidden' // the caller may not do this
  | 'too-many' // a limit on instances or services is reached
  | 'store-full' // no space: reads go on, writes may work later
  | 'store-unavailable'; // the store cannot write now, or too many writes are waiting for it

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
