/** Health checks, as they are asked for. */
import { Type } from 'typebox';
import { closed, oneOf, seconds, whole } from './fields.ts';

export const checkTiming = {
  interval: Type.Optional(seconds(1, 3600, 'Seconds between two runs; 10 unless set.')),
  timeout: Type.Optional(seconds(0.1, 60, 'Seconds a run may take; 3 unless set.')),
  rise: Type.Optional(whole(1, 10, 'Passes in a row that make it passing; 2 unless set.')),
  fall: Type.Optional(whole(1, 10, 'Failures in a row that make it critical; 3 unless set.')),
};

export const checkBody = closed(
  {
    type: oneOf(
      ['http', 'https', 'tcp', 'grpc', 'ttl'],
      'What is done: a GET, a connection, gRPC health checking, or nothing but to wait for renewals.',
    ),
    path: Type.Optional(Type.String({ description: 'Absolute path to GET; / unless set. For http and https only.' })),
    grpcService: Type.Optional(
      Type.String({ description: 'Service that is asked about; the whole server unless set. For grpc only.' }),
    ),
    port: Type.Optional(whole(1, 65_535, "Port to check; the instance's unless set.")),
    ...checkTiming,
  },
  "A health check, made by the server at the instance's own addresses.",
);
