/**
 * Names as callers write them: presentation form without escapes, which is all that service names need (RFC 2782, RFC
 * 6335). Inside the client a name is in lower case and has no final dot.
 */
import { SrvError } from './error.ts';

const maxNameText = 253; // RFC 1035 section 2.3.4: 255 octets on the wire
const maxLabel = 63;
const label = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

/** Reads a name to ask for: lower case, no final dot. Throws `SRV_BADNAME` for what cannot be a service name. */
export function readName(text: string): string {
  const name = foldText(text.endsWith('.') ? text.slice(0, -1) : text);
  if (name.length > maxNameText)
    throw badName(text, `has ${name.length} characters, at most ${maxNameText} are allowed`);
  for (const part of name.split('.')) {
    if (part.length > maxLabel)
      throw badName(text, `has a label of ${part.length} characters, at most ${maxLabel} are allowed`);
    if (!label.test(part)) throw badName(text, `has the label "${part}", wanted letters, digits, "_" and inner "-"`);
  }
  return name;
}

function badName(text: string, why: string): SrvError {
  const shown = text.length > 80 ? `${text.slice(0, 80)}...` : text;
  return new SrvError('SRV_BADNAME', shown, `the name ${why}`);
}

/** ASCII letters in lower case (RFC 4343); every other character stays. */
export function foldText(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** True for a host name that is an SRV name by itself: `_web._tcp.example.com`. */
export function isSrvName(hostname: string): boolean {
  return /^_[^.]+\._(?:tcp|udp)\../i.test(hostname);
}

/**
 * The part of an SRV name that certificates are issued for: without `_service._proto` (RFC 9525 section 6.2, source
 * domain).
 */
export function sourceDomain(hostname: string): string {
  return isSrvName(hostname) ? hostname.replace(/^_[^.]+\._[^.]+\./, '') : hostname;
}
