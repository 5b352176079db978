import { readInfracost, reduceInfracost } from '@verdict/domain';
import { wrongCall } from '../failure.js';
import type { Io } from '../io.js';
import { readJsonInput, STDIN } from './input-file.js';
import { jsonTextOf } from './json-text.js';

/** A report of Infracost as JSON text, reduced to what the gate reads of it: no authors, commits, paths. */
export const readInfracostFile = async (io: Io, path: string): Promise<string> => {
  const raw = await readJsonInput(io, path);
  const reading = readInfracost(raw);
  if (reading.kind === 'report') return jsonTextOf(reduceInfracost(raw));
  const name = path === STDIN ? 'standard input' : path;
  throw wrongCall(
    reading.code === 'currency_unsupported' ? reading.code : 'report_invalid',
    `${name} is not a report of Infracost that counts: ${reading.pointer} ${reading.detail}`,
    'make it with `infracost diff --format json --out-file FILE`',
  );
};
