/** A key on etcd that cannot be served, and why. It is left out; nothing else changes for it. */

/**
 * `name`: the key is no domain name. `zone`: it lies in none of our zones. `size`, `json`, `field`: its value is too
 * long, no JSON object, or has a field that is not what it should be. `empty`: it has neither host nor text. `limit`:
 * there are too many keys.
 */
export type SkydnsErrorCode = 'name' | 'zone' | 'size' | 'json' | 'field' | 'empty' | 'limit';

export class SkydnsError extends Error {
  readonly code: SkydnsErrorCode;

  constructor(code: SkydnsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SkydnsError';
    this.code = code;
  }
}
