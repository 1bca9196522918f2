/**
 * The system calls of batched I/O, called through koffi (an optional dependency), and the numbers that Linux gives to
 * their arguments. Loading rejects with the reason where something is missing; then portable I/O serves.
 */
import { endianness } from 'node:os';
import { getSystemErrorName } from 'node:util';

/** An `address` is one of memory, and whoever passes it keeps that memory referenced for as long as it may be used. */
export interface SystemCalls {
  socket(domain: number, type: number, protocol: number): number;
  bind(socket: number, name: Buffer, nameLength: number): number;
  /** `nameLength`: a 32-bit number, in: the room in `name`, out: what is used of it. */
  getsockname(socket: number, name: Buffer, nameLength: Buffer): number;
  setsockopt(socket: number, level: number, option: number, value: Buffer, valueLength: number): number;
  recvmmsg(socket: number, address: number, count: number, flags: number, timeout: 0): number;
  sendmmsg(socket: number, address: number, count: number, flags: number): number;
  sendto(socket: number, data: Buffer, length: number, flags: number, name: Buffer, nameLength: number): number;
  /** `nameLength` as for getsockname. */
  recvfrom(socket: number, data: Buffer, room: number, flags: number, name: Buffer, nameLength: Buffer): number;
  poll(address: number, count: number, milliseconds: number): number;
  close(descriptor: number): number;
  /** The number of this thread's last error. */
  errno(): number;
  addressOf(memory: ArrayBuffer): number;
  /** The descriptor that is readable when this thread's event loop has something to do (libuv's uv_backend_fd). */
  eventLoopDescriptor(): number;
}

export async function loadSystemCalls(): Promise<SystemCalls> {
  if (process.platform !== 'linux') throw new Error(`found ${process.platform}, wanted linux`);
  const { default: koffi } = await import('koffi');
  if (koffi.sizeof('void *') !== 8 || endianness() !== 'LE') {
    throw new Error(`found ${process.arch}, wanted a 64-bit little-endian processor`);
  }
  // The process itself: it has loaded its libc, whichever that is, and libuv.
  const process_ = koffi.load(null);
  const getEventLoop = process_.func('int napi_get_uv_event_loop(void *env, _Out_ void **loop)');
  const backendDescriptor = process_.func('int uv_backend_fd(void *loop)');
  // uintptr_t takes addresses as plain numbers, which costs no allocation; no address needs more than 53 bits.
  const definitions = {
    socket: 'int socket(int, int, int)',
    bind: 'int bind(int, const uint8_t *, uint32_t)',
    getsockname: 'int getsockname(int, uint8_t *, uint8_t *)',
    setsockopt: 'int setsockopt(int, int, int, const uint8_t *, uint32_t)',
    recvmmsg: 'int recvmmsg(int, uintptr_t, unsigned int, int, uintptr_t)',
    sendmmsg: 'int sendmmsg(int, uintptr_t, unsigned int, int)',
    sendto: 'intptr_t sendto(int, const uint8_t *, size_t, int, const uint8_t *, uint32_t)',
    recvfrom: 'intptr_t recvfrom(int, uint8_t *, size_t, int, uint8_t *, uint8_t *)',
    poll: 'int poll(uintptr_t, unsigned long, int)',
    close: 'int close(int)',
  };
  const functions = Object.entries(definitions).map(([name, definition]) => [name, process_.func(definition)]);
  return {
    ...(Object.fromEntries(functions) as Pick<SystemCalls, keyof typeof definitions>),
    errno: () => koffi.errno(),
    addressOf: (memory) => Number(koffi.address(memory)),
    eventLoopDescriptor() {
      const loop = [null];
      const status: unknown = getEventLoop(koffi.node.env, loop);
      if (status !== 0) throw new Error(`napi_get_uv_event_loop: found status ${String(status)}, wanted 0`);
      return backendDescriptor(loop[0]) as number;
    },
  };
}

/** The error of the call that has just failed, its `code` such as EADDRINUSE. */
export function systemError(calls: SystemCalls, call: string, subject: string): NodeJS.ErrnoException {
  const errno = -calls.errno();
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${call} ${code} ${subject}`), { code, errno, syscall: call });
}

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_DGRAM = 2;
export const SOCK_CLOEXEC = 0o2000000;

export const SOL_SOCKET = 1;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
export const SO_SNDTIMEO = 21;
export const IPPROTO_IP = 0;
export const IP_PKTINFO = 8;
export const IP_MTU_DISCOVER = 10;
export const IPPROTO_IPV6 = 41;
export const IPV6_MTU_DISCOVER = 23;
export const IPV6_V6ONLY = 26;
export const IPV6_RECVPKTINFO = 49;
/** Value of both MTU_DISCOVER options: never fragment, and believe no ICMP about the path (RFC 9715 section 3.1). */
export const PMTUDISC_PROBE = 3;

export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const POLLIN = 1;
export const EINTR = 4;
export const EBADF = 9;
export const EAGAIN = 11;
export const EFAULT = 14;
export const EINVAL = 22;
export const ENOTSOCK = 88;
