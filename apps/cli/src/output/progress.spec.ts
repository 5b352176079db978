import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import type { Io } from '../io.js';
import { createProgress } from './progress.js';

const world = (isTerminal: boolean) => {
  let nowMs = 0;
  let text = '';
  const io: Io = {
    ...{ env: {}, cwd: '/', isTerminal: { stdout: false, stderr: isTerminal }, stdout: () => undefined },
    ...{ stdin: () => Readable.from([]), fetch: globalThis.fetch, newId: () => '' },
    ...{ interrupted: new AbortController().signal, confirm: undefined, exit: () => undefined },
    now: () => nowMs,
    stderr: (some) => {
      text += some;
    },
  };
  return {
    io,
    at: (ms: number): void => {
      nowMs = ms;
    },
    text: () => text,
  };
};

describe('progress', () => {
  it('says nothing of work that takes two seconds or less', () => {
    const { io, at, text } = world(true);
    const progress = createProgress(io, { isQuiet: false });
    at(2000);
    progress.report('9 of 10');
    progress.end();
    expect(text()).toBe('');
  });

  it('writes one line over and over, ten times a second at most, and leaves it in the end', () => {
    const { io, at, text } = world(true);
    const progress = createProgress(io, { isQuiet: false });
    at(2001);
    progress.report('10 of 10');
    progress.report('left out');
    at(2102);
    progress.report('1 of 5');
    progress.end();
    expect(text()).toBe('\r10 of 10\r1 of 5  \n');
  });

  it.each([
    [false, false],
    [true, true],
  ])('is for terminals, and not for the quiet (terminal %s, quiet %s)', (isTerminal, isQuiet) => {
    const { io, at, text } = world(isTerminal);
    const progress = createProgress(io, { isQuiet });
    at(5000);
    progress.report('1 of 2');
    progress.end();
    expect(text()).toBe('');
  });
});
