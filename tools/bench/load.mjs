/**
 * The load, in a process of its own so that it never waits for the server's event loop.
 * Reads one JSON job on standard input, writes acknowledged entries to `job.acknowledgedFile` and a JSON summary to
 * standard output.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Connection } from './connection.mjs';
import { gateRequests } from './gate-requests.mjs';
import { Recorder } from './recorder.mjs';

const TICK_MS = 1;

/** Each connection sends its next request when the answer to the last one is there. */
const closedLoop = async (job, next, recorder) => {
  const end = performance.now() + job.seconds * 1000;
  const worker = async () => {
    const connection = new Connection(job);
    while (performance.now() < end) {
      const { tenant, bytes } = next();
      const began = performance.now();
      recorder.add(tenant, await connection.send(bytes), performance.now() - began);
    }
    connection.close();
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: job.connections }, worker));
  return (performance.now() - began) / 1000;
};

/**
 * Requests become due by the clock, whatever the server does. One that finds no free connection waits, and that wait is
 * part of its latency: it counts from the moment it was due, so a stall is seen by every request it delays.
 */
const openLoop = (job, next, recorder) =>
  new Promise((resolve) => {
    const total = Math.floor(job.seconds * job.perSecond);
    const free = Array.from({ length: job.connections }, () => new Connection(job));
    const all = [...free];
    const waiting = [];
    const began = performance.now();
    let due = 0;
    let done = 0;
    let lateMs = 0;

    const finish = () => {
      for (const connection of all) connection.close();
      resolve({ seconds: (performance.now() - began) / 1000, lateMs });
    };
    const send = async (connection, dueAt) => {
      const { tenant, bytes } = next();
      recorder.add(tenant, await connection.send(bytes), performance.now() - dueAt);
      done += 1;
      const nextDueAt = waiting.shift();
      if (nextDueAt !== undefined) return send(connection, nextDueAt);
      free.push(connection);
      return done === total ? finish() : undefined;
    };
    const tick = () => {
      const now = performance.now();
      for (; due < total; due += 1) {
        const dueAt = began + (due * 1000) / job.perSecond;
        if (dueAt > now) break;
        lateMs = Math.max(lateMs, now - dueAt);
        const connection = free.pop();
        if (connection === undefined) waiting.push(dueAt);
        else void send(connection, dueAt);
      }
      if (due < total) setTimeout(tick, TICK_MS);
    };
    tick();
  });

const job = JSON.parse(readFileSync(0, 'utf8'));
const recorder = new Recorder(job.kind);
const next = gateRequests(job);
const { seconds, lateMs } =
  job.perSecond === undefined
    ? { seconds: await closedLoop(job, next, recorder), lateMs: 0 }
    : await openLoop(job, next, recorder);
writeFileSync(job.acknowledgedFile, recorder.acknowledged.map((line) => `${line}\n`).join(''));
process.stdout.write(JSON.stringify({ ...recorder.summary(seconds), clientLateMs: lateMs }));
