import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import TestSequencer from '@jest/test-sequencer';
import { sequence } from './sequence.mjs';

/** Seconds of the suites that take ten or more, on two cores; what is not listed, or has changed since, costs time only. */
const { waits, works } = JSON.parse(readFileSync(new URL('./durations.json', import.meta.url), 'utf8'));
const UNKNOWN_SECONDS = 1;

/** A fresh clone has none of jest's own records, by which it would start the long suites first. */
export default class extends TestSequencer {
  sort(tests) {
    const sorted = super.sort(tests); // What failed the last time comes first.
    const timed = sorted
      .filter((test) => !this.hasFailed(test))
      .map((test) => {
        const path = relative(test.context.config.rootDir, test.path).replaceAll('\\', '/');
        const recorded = waits[path] ?? works[path] ?? UNKNOWN_SECONDS;
        const seconds = test.duration === undefined ? recorded : Math.max(test.duration, 1) / 1000;
        return { test, path, seconds, waits: path in waits };
      });
    return [...sorted.filter((test) => this.hasFailed(test)), ...sequence(timed).map(({ test }) => test)];
  }
}
