import type { ASTNode } from '@marcbachmann/cel-js';
import { momentOf, spanOf } from './evaluation/time.js';
import { Fault } from './evaluation/values.js';
import { childrenOf, type Defect } from './restrictions.js';

const DAY_AND_HOUR = /^(\d{4}-\d{2}-\d{2})T(\d{2})/;

/** A day that is in the calendar, and an hour that is on the clock: reading a time makes the next one of any other. */
const isReal = (text: string): boolean => {
  const [, day = '', hour = ''] = DAY_AND_HOUR.exec(text) ?? [];
  const ms = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day) && hour < '24';
};

type Check = readonly [isTime: (text: string) => boolean, form: string];
const CHECKS: Readonly<Record<string, Check>> = {
  timestamp: [
    (text) => !(momentOf(text) instanceof Fault) && isReal(text),
    'timestamp() takes a time that there is, with its zone, as in timestamp("2026-11-22T10:00:00Z")',
  ],
  duration: [(text) => !(spanOf(text) instanceof Fault), 'duration() takes a length such as "1h30m" or "90s"'],
};

const ownDefect = (node: ASTNode): Defect | null => {
  if (node.op !== 'call') return null;
  const [name, [first]] = node.args;
  const check = Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined;
  if (check === undefined || first?.op !== 'value' || typeof first.args !== 'string') return null;
  const [isTime, message] = check;
  return isTime(first.args) ? null : { message, at: node.start };
};

/**
 * The first time or length that is written out and is none, or null. Such a condition has no answer whatever is asked, so
 * nobody means to publish it; one that was published is decided as it always was.
 */
export const timeLiteralDefect = (node: ASTNode): Defect | null => {
  const own = ownDefect(node);
  if (own !== null) return own;
  for (const child of childrenOf(node)) {
    const found = timeLiteralDefect(child);
    if (found !== null) return found;
  }
  return null;
};
