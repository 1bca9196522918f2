/** Where Signpost answers otherwise than NSD and Knot, as departures.md explains. */

export interface Departure {
  readonly reason: string;
  applies(qname: string, qtype: string): boolean;
}

export const departures: readonly Departure[] = [];
