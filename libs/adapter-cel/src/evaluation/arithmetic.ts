import type { Meter } from './meter.js';
import { type Answer, DIVISION_BY_ZERO, intOf, isList, Moment, NO_SUCH_OVERLOAD, Span, type Value } from './values.js';

const DOUBLES = {
  '+': (left: number, right: number) => left + right,
  '-': (left: number, right: number) => left - right,
  '*': (left: number, right: number) => left * right,
  '/': (left: number, right: number) => left / right,
} as const;

export type ArithmeticOperator = keyof typeof DOUBLES | '%';

/** 64-bit arithmetic that never wraps around: an overflow is a fault. Division truncates towards zero. */
const onInts = (operator: ArithmeticOperator, left: bigint, right: bigint): Answer => {
  if ((operator === '/' || operator === '%') && right === 0n) return DIVISION_BY_ZERO;
  switch (operator) {
    case '+':
      return intOf(left + right);
    case '-':
      return intOf(left - right);
    case '*':
      return intOf(left * right);
    case '/':
      return intOf(left / right);
    case '%':
      return left % right;
  }
};

const kindOf = (value: Value): string => (value instanceof Moment ? 'moment' : value instanceof Span ? 'span' : '');

/** What the sum or difference of two times is. */
const TIMES: ReadonlyMap<string, typeof Moment | typeof Span> = new Map<string, typeof Moment | typeof Span>([
  ['moment + span', Moment],
  ['span + moment', Moment],
  ['span + span', Span],
  ['moment - moment', Span],
  ['moment - span', Moment],
  ['span - span', Span],
]);
const isTime = (value: Value): value is Moment | Span => value instanceof Moment || value instanceof Span;

const onTimes = (operator: ArithmeticOperator, left: Value, right: Value): Answer => {
  const Made = TIMES.get(`${kindOf(left)} ${operator} ${kindOf(right)}`);
  if (Made === undefined || !isTime(left) || !isTime(right)) return NO_SUCH_OVERLOAD;
  return new Made(operator === '+' ? left.nanos + right.nanos : left.nanos - right.nanos);
};

/** Concatenation is paid by what it makes, before it is made. */
const joined = (left: Value, right: Value, meter: Meter): Answer | undefined => {
  if (typeof left === 'string' && typeof right === 'string') {
    meter.spendOnText(left.length + right.length);
    return left + right;
  }
  if (!isList(left) || !isList(right)) return undefined;
  meter.spend(left.length + right.length);
  return [...left, ...right];
};

/** `+ - * / %` of ints, doubles, times; `+` of texts and lists. */
export const calculate = (operator: ArithmeticOperator, left: Value, right: Value, meter: Meter): Answer => {
  if (typeof left === 'bigint' && typeof right === 'bigint') return onInts(operator, left, right);
  if (typeof left === 'number' && typeof right === 'number') {
    return operator === '%' ? NO_SUCH_OVERLOAD : DOUBLES[operator](left, right);
  }
  const together = operator === '+' ? joined(left, right, meter) : undefined;
  return together ?? onTimes(operator, left, right);
};

export const negate = (value: Value): Answer => {
  if (typeof value === 'bigint') return intOf(-value);
  return typeof value === 'number' ? -value : NO_SUCH_OVERLOAD;
};
