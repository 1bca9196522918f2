/**
 * One request of the dispatcher, on one target after another until it is answered or may not be tried again. Speaks
 * both handler interfaces of undici: version 6 and Node's own fetch have onConnect and onHeaders, version 7
 * onRequestStart and onResponseStart.
 */
import type { Dispatcher } from 'undici';
import type { Service } from '../service.ts';
import { isConnectFailure, type Pick, type Target } from '../target.ts';

export interface RequestSettings {
  readonly attempts: number;
  readonly failureStatus: ReadonlySet<number>;
}

/** Sends the request to a target; returns true when that had a connection open and idle, which is then used. */
type Send = (target: Target, handler: Dispatcher.DispatchHandler) => boolean;

/** RFC 9110 section 9.2.2. */
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** How often a request is sent again because the connection that was open already turned out to be closed. */
const maxIdleBreaks = 2;

export class RoutedRequest {
  readonly #service: Service;
  readonly #request: Dispatcher.DispatchOptions;
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #send: Send;
  readonly #settings: RequestSettings;
  readonly #tried = new Set<Target>();
  #pick: Pick | null = null;
  /** True from when the request may have been written to a connection. */
  #wasSent = false;
  /** True from when the caller has seen something of a response. */
  #wasAnswered = false;
  #status = 0;
  /** True when the attempt uses a connection that was open and idle before. */
  #wasIdle = false;
  #idleBreaks = 0;
  #controller: Dispatcher.DispatchController | undefined;

  constructor(
    service: Service,
    request: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
    send: Send,
    settings: RequestSettings,
  ) {
    this.#service = service;
    this.#request = request;
    this.#handler = handler;
    this.#send = send;
    this.#settings = settings;
  }

  start(): void {
    this.#service.ready().then(
      () => this.#attempt(),
      (error: unknown) => this.#fail(error as Error),
    );
  }

  #attempt(): void {
    try {
      this.#wasSent = false;
      this.#pick = this.#service.pick({ exclude: this.#tried });
      this.#tried.add(this.#pick.target);
      const handler = 'onRequestStart' in this.#handler ? this.#currentHandler() : this.#formerHandler();
      this.#wasIdle = this.#send(this.#pick.target, handler);
    } catch (error) {
      this.#onError(error as Error);
    }
  }

  #currentHandler(): Dispatcher.DispatchHandler {
    const handler = this.#handler;
    return {
      onRequestStart: (controller, context) => {
        this.#wasSent = true;
        this.#controller = controller;
        handler.onRequestStart?.(controller, context);
      },
      onRequestUpgrade: (controller, status, headers, socket) => {
        this.#wasAnswered = true;
        this.#pick?.done();
        handler.onRequestUpgrade?.(controller, status, headers, socket);
      },
      onResponseStart: (controller, status, headers, message) => {
        this.#onStatus(status);
        handler.onResponseStart?.(controller, status, headers, message);
      },
      onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
      onResponseEnd: (controller, trailers) => {
        this.#onEnd();
        handler.onResponseEnd?.(controller, trailers);
      },
      onResponseError: (controller, error) => {
        this.#controller = controller;
        this.#onError(error);
      },
    };
  }

  #formerHandler(): Dispatcher.DispatchHandler {
    const handler = this.#handler as FormerHandler;
    const former: FormerHandler = {
      onConnect: (abort, ...context) => {
        this.#wasSent = true;
        handler.onConnect?.(abort, ...context);
      },
      onUpgrade: (...upgrade) => {
        this.#wasAnswered = true;
        this.#pick?.done();
        handler.onUpgrade?.(...upgrade);
      },
      onResponseStarted: () => handler.onResponseStarted?.(),
      onHeaders: (status, ...rest) => {
        this.#onStatus(status);
        return handler.onHeaders?.(status, ...rest) ?? true;
      },
      onData: (chunk) => handler.onData?.(chunk) ?? true,
      onComplete: (trailers) => {
        this.#onEnd();
        handler.onComplete?.(trailers);
      },
      onError: (error) => this.#onError(error),
      onBodySent: (...sizes) => handler.onBodySent?.(...sizes),
    };
    return former;
  }

  #onStatus(status: number): void {
    if (status < 200) return; // informational: the response is still to come
    this.#wasAnswered = true;
    this.#status = status;
  }

  #onEnd(): void {
    const failed = this.#settings.failureStatus.has(this.#status);
    this.#pick?.done(failed ? new Error(`status ${this.#status}`) : undefined);
  }

  #onError(error: Error): void {
    const pick = this.#pick;
    if (isAbort(error) || pick === null) {
      pick?.done(new DOMException('aborted', 'AbortError'));
      this.#fail(error);
    } else if (this.#isIdleBreak(error)) {
      pick.done(new DOMException('closed while idle', 'AbortError'));
      this.#tried.delete(pick.target);
      this.#idleBreaks += 1;
      setImmediate(() => this.#attempt()); // by then the other connections that were closed are known too
    } else {
      pick.done(error);
      if (this.#mayTryAgain(error)) this.#attempt();
      else this.#fail(error);
    }
  }

  /**
   * RFC 9112 section 9.3.1: a server may close a connection while a request is on its way to it. That says nothing
   * about the target and is no trouble of the service, so it costs nothing of the budget.
   */
  #isIdleBreak(error: Error): boolean {
    const mayRepeat = this.#wasIdle && !this.#wasAnswered && this.#idleBreaks < maxIdleBreaks;
    return mayRepeat && brokenConnection.has((error as NodeJS.ErrnoException).code ?? '') && this.#isRepeatable();
  }

  #mayTryAgain(error: Error): boolean {
    if (this.#wasAnswered || this.#tried.size >= this.#settings.attempts) return false;
    const reachedNobody = !this.#wasSent || isConnectFailure(error);
    return (reachedNobody || this.#isRepeatable()) && this.#service.mayRetry();
  }

  /** True when sending it twice does no harm and its body is still there. */
  #isRepeatable(): boolean {
    const { method, idempotent = idempotentMethods.has(method), body } = this.#request;
    return idempotent && (body === undefined || body === null || typeof body === 'string' || ArrayBuffer.isView(body));
  }

  #fail(error: Error): void {
    const handler = this.#handler as FormerHandler & Dispatcher.DispatchHandler;
    if (handler.onResponseError) handler.onResponseError(this.#controller ?? unstarted(error), error);
    else handler.onError?.(error);
  }
}

/** What version 6 calls; typed here because version 7 declares it deprecated. */
interface FormerHandler {
  onConnect?(abort: (error?: Error) => void, ...context: readonly unknown[]): void;
  onUpgrade?(...upgrade: readonly unknown[]): void;
  onResponseStarted?(): void;
  onHeaders?(status: number, ...rest: readonly unknown[]): boolean;
  onData?(chunk: Buffer): boolean;
  onComplete?(trailers: string[] | null): void;
  onError?(error: Error): void;
  onBodySent?(...sizes: readonly number[]): void;
}

const brokenConnection = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** True when the caller ended the request, which says nothing about its target. */
function isAbort(error: Error): boolean {
  return (
    error.name === 'AbortError' ||
    error.name === 'RequestAbortedError' ||
    (error as NodeJS.ErrnoException).code === 'UND_ERR_ABORTED'
  );
}

/** The controller of a request that never got as far as a connection. */
function unstarted(reason: Error): Dispatcher.DispatchController {
  return {
    aborted: true,
    paused: false,
    reason,
    abort: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
  };
}
