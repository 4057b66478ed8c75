/** Two ends of a transport without a process between them: for tests, and for an agent in-process. */
import { Duplex } from 'node:stream';
import type { Transport, TransportEnd } from './transport.ts';

/** A linked pair: what one end writes, the other reads. Closing one ends both. */
export function createTransportPair(): readonly [Transport, Transport] {
  const [a, b] = duplexPair();
  let settle: (end: TransportEnd) => void = () => {};
  const ended = new Promise<TransportEnd>((resolve) => {
    settle = resolve;
  });
  const end = (stream: Duplex): Transport => ({
    name: 'in-process',
    input: stream,
    output: stream,
    ended,
    errorTail: () => '',
    async close() {
      a.destroy();
      b.destroy();
      settle({ reason: 'closed', exitCode: null });
      await ended;
    },
  });
  return [end(a), end(b)];
}

function duplexPair(): readonly [Duplex, Duplex] {
  const ends: Duplex[] = [];
  // A write is done when the other end asks for more: that is the back-pressure of a pipe.
  const waiting: (undefined | (() => void))[] = [];
  const make = (self: number): Duplex =>
    new Duplex({
      read() {
        const proceed = waiting[self];
        waiting[self] = undefined;
        proceed?.();
      },
      write(chunk: Buffer, _encoding, done) {
        const other = ends[1 - self] as Duplex;
        if (other.destroyed || other.push(Buffer.from(chunk))) done();
        else waiting[1 - self] = done;
      },
      final(done) {
        ends[1 - self]?.push(null);
        done();
      },
    });
  ends.push(make(0), make(1));
  return [ends[0] as Duplex, ends[1] as Duplex];
}
