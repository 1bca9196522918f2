/** The server's TLS certificate, read again when its files change: renewed certificates need no restart. */
import { readFile } from 'node:fs/promises';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import { createSecureContext } from 'node:tls';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import type { TlsSettings } from './settings.ts';

export interface Certificate {
  /** As read at start. Client certificates are asked for, never demanded: callers without one may hold a token. */
  readonly options: TlsOptions;
  /** Called with what the files say now, whenever that has changed and can be used. */
  onChange(listener: (options: SecureContextOptions) => void): void;
  close(): void;
}

const secondsBetweenLooks = 5;

/** Reads the files. Rejects with the system's or OpenSSL's error when they cannot be used. */
export async function openCertificate(settings: TlsSettings, clock: Clock, log: Logger): Promise<Certificate> {
  const first = await read(settings);
  const listeners: ((options: SecureContextOptions) => void)[] = [];
  let current = first;
  let timer: Timer | null = null;
  let closed = false;
  const look = async (): Promise<void> => {
    try {
      const found = await read(settings);
      if (found.cert === current.cert && found.key === current.key && found.ca === current.ca) return;
      current = found;
      for (const listener of listeners) listener(found);
      log.info({ cert: settings.cert }, 'TLS certificate read again');
    } catch (error) {
      // Likely half of a renewal: the key is new and the certificate not yet. The next look will see both.
      log.warn({ err: error, cert: settings.cert }, 'the TLS certificate has changed and cannot be used yet');
    }
  };
  const lookLater = (): void => {
    if (!closed) timer = clock.after(secondsBetweenLooks * 1000, () => void look().then(lookLater));
  };
  lookLater();
  const clients = settings.clientCa !== null;
  return {
    options: { ...first, requestCert: clients, rejectUnauthorized: false },
    onChange: (listener) => void listeners.push(listener),
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}

interface Files {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
}

async function read({ cert, key, clientCa }: TlsSettings): Promise<Files> {
  const text = (path: string): Promise<string> => readFile(path, 'utf8');
  const files = {
    cert: await text(cert),
    key: await text(key),
    ...(clientCa !== null && { ca: await text(clientCa) }),
  };
  createSecureContext(files);
  return files;
}
