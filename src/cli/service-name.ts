/** Names as people type them at commands. */

/** The name itself where it has a dot; else the service of that name in `zone`, `svc.internal` unless set. */
export function absoluteName(name: string, zone = 'svc.internal'): string {
  return name.includes('.') ? name : `${name}.${zone}`;
}
