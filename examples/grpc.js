// A gRPC channel over the targets of a service: node examples/grpc.js
import * as grpc from '@grpc/grpc-js';
import { registerGrpcResolver } from 'signpost/client';

registerGrpcResolver(grpc);

// round_robin spreads the calls over all targets of the best priority; the default, pick_first, stays with one.
const options = { 'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }) };
const channel = new grpc.Client('srv:///_echo._tcp.svc.internal', grpc.credentials.createInsecure(), options);

// Any stub works; this calls a method by hand, so that the example needs no generated code.
const answer = await new Promise((resolve, reject) => {
  const deadline = Date.now() + 5000;
  const done = (error, reply) => (error ? reject(error) : resolve(reply));
  channel.makeUnaryRequest('/signpost.test.Echo/WhoIs', Buffer.from, String, 'who', { deadline }, done);
});
console.log(answer);
channel.close();
