import type { Io } from '../io.js';
import type { Printer } from './printer.js';

/** Work that is done before nobody looks up needs no progress. */
const QUIET_MS = 2000;
/** A terminal is slower than the work it tells of. */
const EVERY_MS = 100;

export interface Progress {
  /** May be called as often as one likes. */
  readonly report: (text: string) => void;
  /** Leaves the line. */
  readonly end: () => void;
}

/** One line that is written over and over; on a terminal, and for work of more than two seconds. */
export const createProgress = (io: Io, { isQuiet }: Pick<Printer, 'isQuiet'>): Progress => {
  const isWanted = io.isTerminal.stderr && !isQuiet;
  let nextMs = io.now() + QUIET_MS;
  let width = 0;
  return {
    report: (text) => {
      const nowMs = isWanted ? io.now() : 0;
      if (!isWanted || nowMs <= nextMs) return;
      nextMs = nowMs + EVERY_MS;
      io.stderr(`\r${text.padEnd(width)}`);
      width = text.length;
    },
    end: () => {
      if (width > 0) io.stderr('\n');
    },
  };
};
