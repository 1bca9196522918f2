/** Where Signpost answers otherwise than NSD and Knot, as departures.md explains. */

export interface Departure {
  readonly reason: string;
  applies(qname: string, qtype: string): boolean;
}

export const departures: readonly Departure[] = [
  {
    reason: 'RFC 1034 section 4.3.2 steps 2 and 3a: an alias is followed into the nearest zone, whatever a parent zone hides there',
    applies: (qname) => qname === 'toocc.deep.test.',
  },
];
