/** What a registration is and tells. */

export type RegistrationState = 'registering' | 'registered' | 'suspect' | 'conflict' | 'draining' | 'stopped';

/** The events of a registration with their arguments. */
export interface RegistrationEvents {
  /** The server took the registration; `names` are the DNS names that find it now. */
  registered: [
    { readonly generation: number; readonly names: readonly string[]; readonly warnings: readonly string[] },
  ];
  renewed: [];
  /** A request was not answered; it is tried again. Told once until the next answer. */
  suspect: [{ readonly error: Error }];
  /** The lease is gone; it is registered again at once. */
  lost: [{ readonly problem: string }];
  /** Another process holds this id. It is left alone; this one registers again when the other is gone. */
  conflict: [{ readonly detail: string }];
  /** The server refused, because of the token or of what was asked for; tried again every 30 s. */
  denied: [{ readonly status: number; readonly problem: string | null; readonly detail: string }];
  /** Out of DNS; `waitMs` after this no resolver holds it any more. */
  draining: [{ readonly waitMs: number }];
  deregistered: [];
}
