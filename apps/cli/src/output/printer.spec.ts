import { describe, expect, it } from '@jest/globals';
import type { Io } from '../io.js';
import { createPrinter, type OutputForm } from './printer.js';

const painted = (env: Io['env'], { isTerminal = true, isColourWanted = true } = {}): string => {
  const io = { env, isTerminal: { stdout: isTerminal, stderr: isTerminal } } as Io;
  return createPrinter(io, { form: 'table', isQuiet: false, isColourWanted }).paint('bad', 'DENY');
};

const printed = (form: OutputForm, body: unknown, text = 'web  500.00\n'): string => {
  const written: string[] = [];
  const io = { env: {}, isTerminal: { stdout: false, stderr: false }, stdout: (some: string) => written.push(some) };
  createPrinter(io as unknown as Io, { form, isQuiet: false, isColourWanted: false }).print({ body, text: () => text });
  return written.join('');
};

describe('the forms of an answer', () => {
  const budget = { id: 'web', limit: 500n };
  it.each<[OutputForm, string]>([
    ['table', 'web  500.00\n'],
    ['md', '```text\nweb  500.00\n```\n'],
    ['json', '{\n  "id": "web",\n  "limit": 500\n}\n'],
    ['yaml', 'id: web\nlimit: 500\n'],
    ['ndjson', '{"id":"web","limit":500}\n'],
  ])('%s', (form, expected) => {
    expect(printed(form, budget)).toBe(expected);
  });

  it('ndjson has a line for each item of a list', () => {
    expect(printed('ndjson', { items: [budget, { id: 'api' }], next_cursor: null })).toBe(
      '{"id":"web","limit":500}\n{"id":"api"}\n',
    );
  });

  it('md is not left by what a name contains', () => {
    expect(printed('md', budget, 'web```  500.00\n')).toBe('````text\nweb```  500.00\n````\n');
  });
});

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
