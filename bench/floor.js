/**
 * The floor once more, through our own I/O: the same copying as floor.c, in a responder that is handed to
 * `src/transport`. What it costs above floor.c is the price of Node; what Signpost costs above it, that of the answers.
 *
 * usage: node bench/floor.js TAIL_OCTETS [batched|portable]
 */
import { systemClock } from '../dist/runtime/clock.js';
import { Agenda } from '../dist/transport/agenda.js';
import { TransportCounters } from '../dist/transport/counters.js';
import { openUdp } from '../dist/transport/open-udp.js';

const [tailOctets, io = 'batched'] = process.argv.slice(2);
const record = Buffer.of(0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 0, 0, 1);
const tail = Buffer.alloc(Number(tailOctets), record).latin1Slice();

const responder = {
  respond({ request, start, end, reply, replyStart }) {
    let questionEnd = start + 12;
    while (questionEnd < end && request[questionEnd] !== 0) questionEnd += request[questionEnd] + 1;
    questionEnd += 5; // root, QTYPE, QCLASS
    if (questionEnd > end) return 0;
    const length = questionEnd - start;
    for (let i = 0; i < length; i++) reply[replyStart + i] = request[start + i];
    reply[replyStart + 2] = 0x84 | (request[start + 2] & 1); // QR, AA, RD as asked
    reply[replyStart + 3] = 0;
    for (let i = 6; i < 12; i++) reply[replyStart + i] = 0;
    reply[replyStart + 7] = 3;
    reply[replyStart + 11] = 2;
    reply.latin1Write(tail, replyStart + length);
    return length + tail.length;
  },
};

const counters = new TransportCounters();
const { udp } = await openUdp(io, { responder, counters, clock: systemClock, agenda: new Agenda(), shared: false });
const { endpoint } = await udp.listen({ host: '127.0.0.1', port: 0 });
console.log(`ready ${endpoint.port}`);
