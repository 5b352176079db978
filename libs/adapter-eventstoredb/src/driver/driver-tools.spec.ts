import { describe, expect, it } from '@jest/globals';
import { ErrorType } from '@eventstore/db-client';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Alarm } from '../errors.js';
import { Doubtful, JournalsClosed } from '../errors.js';
import { ClockWatch } from './clock-watch.js';
import { failureOf, isCallError } from './failure.js';
import { createLimit } from './limit.js';
import { patiently } from './patience.js';
import { shareTrips } from './share-trips.js';
import { SilenceTimer } from './silence-timer.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('Sharing trips', () => {
  it('answers those of one moment together, and nobody by a trip that began before the question', async () => {
    let trips = 0;
    const finish: (() => void)[] = [];
    const ask = shareTrips(async () => {
      trips += 1;
      const own = trips;
      await new Promise<void>((resolve) => finish.push(resolve));
      return own;
    });
    const early = [ask(), ask()];
    await turn();
    const late = [ask(), ask()];
    await turn();
    expect(trips).toBe(1);
    finish.shift()?.();
    expect(await Promise.all(early)).toEqual([1, 1]);
    await turn();
    finish.shift()?.();
    expect(await Promise.all(late)).toEqual([2, 2]);
  });

  it('goes on after a failed trip', async () => {
    let trips = 0;
    const ask = shareTrips(() => {
      trips += 1;
      return trips === 1 ? Promise.reject(new Error('lost')) : Promise.resolve(trips);
    });
    const [first, second] = [ask(), turn().then(ask)];
    await expect(first).rejects.toThrow('lost');
    expect(await second).toBe(2);
  });
});

describe('A limit', () => {
  it('is never exceeded, and lets all through in the end, failed ones too', async () => {
    const limit = createLimit(3);
    let [running, most] = [0, 0];
    const work = async (index: number): Promise<number> => {
      running += 1;
      most = Math.max(most, running);
      await turn();
      running -= 1;
      if (index % 4 === 0) throw new Error('failed');
      return index;
    };
    const results = await Promise.allSettled(Array.from({ length: 40 }, (_, index) => limit(() => work(index))));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(30);
    expect(most).toBe(3);
  });
});

describe('Patience', () => {
  it('repeats what is doubtful, up to its end, and nothing else', async () => {
    let tries = 0;
    const failing = (error: unknown) => () => {
      tries += 1;
      return Promise.reject(error instanceof Error ? error : new Error('not an error'));
    };
    await expect(patiently({ repeats: 2, backoffMs: 0 }, failing(new Doubtful('x')))).rejects.toThrow('x');
    expect(tries).toBe(3);
    await expect(patiently({ repeats: 2, backoffMs: 0 }, failing(new JournalsClosed()))).rejects.toThrow(
      JournalsClosed,
    );
    expect(tries).toBe(4);
  });
});

describe('A failure', () => {
  it.each([
    [ErrorType.WRONG_EXPECTED_VERSION, 'conflict'],
    [ErrorType.STREAM_NOT_FOUND, 'missing'],
    [ErrorType.ACCESS_DENIED, 'definite'],
    [ErrorType.STREAM_DELETED, 'definite'],
    [ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED, 'definite'],
    [ErrorType.INVALID_ARGUMENT, 'definite'],
    [ErrorType.NOT_LEADER, 'doubtful'],
    [ErrorType.DEADLINE_EXCEEDED, 'doubtful'],
    [ErrorType.TIMEOUT, 'doubtful'],
    [ErrorType.UNAVAILABLE, 'doubtful'],
    [ErrorType.CANCELLED, 'doubtful'],
    [ErrorType.UNKNOWN, 'doubtful'],
    [undefined, 'doubtful'],
  ])('of type %s is %s', (type, failure) => {
    expect(failureOf({ type })).toBe(failure);
  });

  it('of the whole call carries a status, the answer to one append does not', () => {
    expect(isCallError({ type: ErrorType.ACCESS_DENIED, code: 7 })).toBe(true);
    expect(isCallError({ type: ErrorType.ACCESS_DENIED })).toBe(false);
  });
});

describe('A silence timer', () => {
  it('fires once, never after a stop, and not while there are signs of life', async () => {
    let fired = 0;
    const count = (): void => void (fired += 1);
    const stopped = new SilenceTimer(5, count);
    stopped.stop();
    stopped.restart();
    await sleep(30);
    expect(fired).toBe(0);
    const left = new SilenceTimer(5, count);
    while (fired === 0) await sleep(1);
    left.restart();
    await sleep(30);
    expect(fired).toBe(1);
  });

  it('takes no pause of its own process for silence', async () => {
    let fired = 0;
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const reader = connect(port, '127.0.0.1');
    const [writer] = (await once(server, 'connection')) as [Socket];
    const timer = new SilenceTimer(5, () => void (fired += 1));
    const sign = once(reader, 'data').then(() => {
      timer.stop();
    });
    writer.write('a sign of life');
    const until = performance.now() + 50;
    while (performance.now() < until); // It lies in the socket, and the timer is long due.
    await sign;
    await sleep(20);
    expect(fired).toBe(0);
    reader.destroy();
    writer.destroy();
    server.close();
  });
});

describe('The watch over clocks', () => {
  const watch = () => {
    const alarms: Alarm[] = [];
    let nowMs = 1_000_000;
    const clock = new ClockWatch(
      (alarm) => alarms.push(alarm),
      () => nowMs,
    );
    return { alarms, clock, pass: (ms: number) => void (nowMs += ms) };
  };
  const event = (revision: bigint, atMs: number) => ({ streamId: 's', revision, created: new Date(atMs) });

  it('takes an event of ours that was made while we waited for the answer as right', () => {
    const { alarms, clock, pass } = watch();
    const sentAtMs = clock.now();
    pass(5_000);
    clock.appended('s', 3n, sentAtMs);
    clock.seen(event(3n, sentAtMs + 2_500));
    expect(alarms).toEqual([]);
  });

  it.each([-1_500, 1_500])('raises an alarm when the store is %d ms off, once a minute', (skewMs) => {
    const { alarms, clock, pass } = watch();
    for (let minute = 0; minute < 3; minute += 1) {
      for (const revision of [0n, 1n]) {
        clock.appended('s', revision, clock.now());
        clock.seen(event(revision, clock.now() + skewMs));
      }
      pass(60_000);
    }
    expect(alarms.map(({ kind }) => kind)).toEqual(['clock_skew', 'clock_skew', 'clock_skew']);
    expect(alarms[0]?.reason).toContain('1500 ms');
  });

  it('knows nothing of events that others have appended', () => {
    const { alarms, clock } = watch();
    clock.appended('s', 3n, clock.now());
    clock.seen(event(4n, clock.now() + 100_000));
    clock.seen({ ...event(3n, clock.now() + 100_000), streamId: 'other' });
    expect(alarms).toEqual([]);
  });

  it('takes a deadline that passes as soon as it was set for a wrong clock', () => {
    const { alarms, clock, pass } = watch();
    const sentAtMs = clock.now();
    pass(2_000);
    clock.timedOut(sentAtMs);
    expect(alarms).toEqual([]);
    clock.timedOut(clock.now());
    expect(alarms).toMatchObject([{ kind: 'clock_skew' }]);
  });
});
