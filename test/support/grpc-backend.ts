/** A gRPC service that says who it is, without generated code: one unary call, texts in and out. */
import {
  Client,
  credentials,
  type ChannelOptions,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from '@grpc/grpc-js';

export interface GrpcBackend {
  readonly name: string;
  readonly port: number;
  /** Finishes the calls that run, then ends. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const path = '/signpost.test.Echo/WhoIs';
const toBuffer = (text: string): Buffer => Buffer.from(text);
const toText = (buffer: Buffer): string => buffer.toString();
const service: ServiceDefinition = {
  WhoIs: {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: toBuffer,
    requestDeserialize: toText,
    responseSerialize: toBuffer,
    responseDeserialize: toText,
  },
};

/** Starts a server on a port of 127.0.0.1, a free one unless given. */
export async function startGrpcBackend(name: string, port = 0): Promise<GrpcBackend> {
  const server = new Server();
  server.addService(service, {
    WhoIs: (_: unknown, reply: (error: null, answer: string) => void) => reply(null, name),
  });
  const bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, given) =>
      error ? reject(error) : resolve(given),
    ),
  );
  return {
    name,
    port: bound,
    stop: () => new Promise((resolve, reject) => server.tryShutdown((error) => (error ? reject(error) : resolve()))),
    [Symbol.asyncDispose]: () => {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

/** A client of such servers. */
export function whoIs(target: string, options: ChannelOptions = {}): Disposable & { ask(): Promise<string> } {
  const client = new Client(target, credentials.createInsecure(), options);
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        const deadline = Date.now() + 10_000;
        client.makeUnaryRequest(path, toBuffer, toText, 'who', { deadline }, (error, answer) =>
          error ? reject(error) : resolve(answer!),
        );
      }),
    [Symbol.dispose]: () => client.close(),
  };
}
