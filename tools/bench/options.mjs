import { parseArgs } from 'node:util';
import { PARTS } from './plan.mjs';
import { FIGURES } from './scale-out/figures.mjs';

const NUMBERS = {
  seconds: { default: 4, min: 1, max: 60 },
  gates: { default: 1, min: 1, max: 4 },
  rounds: { default: 5, min: 1, max: 20 },
  entries: { default: 100_000, min: 1_000, max: 1_000_000 },
};
const USAGE =
  `usage: npm run bench -- [${PARTS.join('|')}] [--seconds <1-60>] [--json]\n` +
  `       with scale-out: [--figures ${FIGURES.join(',')}] [--gates <1-4>] [--rounds <1-20>] [--entries <1000-1000000>]`;

const numbersOf = (values) =>
  Object.fromEntries(
    Object.entries(NUMBERS).map(([name, terms]) => {
      const value = Number(values[name] ?? terms.default);
      if (!(value >= terms.min && value <= terms.max))
        throw new Error(`--${name} is a number from ${terms.min} to ${terms.max}`);
      return [name, value];
    }),
  );

const read = (args) => {
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...{ only: text, json: { type: 'boolean', default: false }, figures: text },
      ...{ seconds: text, gates: text, rounds: text, entries: text },
    },
  });
  const { json } = values;
  const [only = values.only, ...others] = positionals;
  if (others.length > 0) throw new Error('one part at a time');
  if (only !== undefined && !PARTS.includes(only)) throw new Error(`there is no part ${only}`);
  const figures = values.figures?.split(',') ?? FIGURES;
  const unknown = figures.find((figure) => !FIGURES.includes(figure));
  if (unknown !== undefined) throw new Error(`there is no figure ${unknown}`);
  return { only, json, figures, ...numbersOf(values) };
};

/** The arguments of the bench; a wrong call ends the process with code 2. */
export const readOptions = (args) => {
  try {
    return read(args);
  } catch (error) {
    console.error(`bench: ${error.message}\n${USAGE}`);
    return process.exit(2);
  }
};
