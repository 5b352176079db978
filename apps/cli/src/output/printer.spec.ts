import { describe, expect, it } from '@jest/globals';
import type { Io } from '../io.js';
import { createPrinter } from './printer.js';

const painted = (env: Io['env'], { isTerminal = true, isColourWanted = true } = {}): string => {
  const io = { env, isTerminal: { stdout: isTerminal, stderr: isTerminal } } as Io;
  return createPrinter(io, { form: 'table', isQuiet: false, isColourWanted }).paint('bad', 'DENY');
};

describe('colour', () => {
  it('is for a terminal whose user has not refused it: by NO_COLOR, whatever it says, or by --no-color', () => {
    expect(painted({})).toBe('\u001b[31mDENY\u001b[0m');
    expect(painted({ NO_COLOR: '' })).toBe('\u001b[31mDENY\u001b[0m');
    expect(painted({ NO_COLOR: '1' })).toBe('DENY');
    expect(painted({ NO_COLOR: '0' })).toBe('DENY');
    expect(painted({}, { isColourWanted: false })).toBe('DENY');
    expect(painted({}, { isTerminal: false })).toBe('DENY');
  });
});
