import type { Meter } from './meter.js';
import {
  type Answer,
  isList,
  isMap,
  type List,
  type MapValue,
  Moment,
  NO_SUCH_OVERLOAD,
  Span,
  type Value,
} from './values.js';

const listsEqual = (left: List, right: List, meter: Meter): boolean =>
  left.length === right.length && left.every((item, index) => isEqual(item, right[index] ?? null, meter));

const mapsEqual = (left: MapValue, right: MapValue, meter: Meter): boolean => {
  if (left.size !== right.size) return false;
  for (const [key, value] of left) {
    const other = right.get(key);
    if (other === undefined || !isEqual(value, other, meter)) return false;
  }
  return true;
};

const isNumeric = (value: Value): value is bigint | number => typeof value === 'bigint' || typeof value === 'number';

const sameTime = (left: Value, right: Value): boolean => {
  if (left instanceof Moment) return right instanceof Moment && left.nanos === right.nanos;
  return left instanceof Span && right instanceof Span && left.nanos === right.nanos;
};

/**
 * Equality across types: values of different types differ, int and double compare by their number. One unit per pair
 * of values that is looked at.
 */
export const isEqual = (left: Value, right: Value, meter: Meter): boolean => {
  meter.spend(1);
  if (typeof left === 'string') {
    meter.spendOnText(left.length);
    return left === right;
  }
  // eslint-disable-next-line eqeqeq -- int and double: the one loose comparison of JavaScript that is exact
  if (isNumeric(left)) return isNumeric(right) && left == right;
  if (isList(left)) return isList(right) && listsEqual(left, right, meter);
  if (isMap(left)) return isMap(right) && mapsEqual(left, right, meter);
  return left === right || sameTime(left, right);
};

type Ordered = string | bigint | number | boolean;

const timeOf = (value: Value): bigint | undefined =>
  value instanceof Moment || value instanceof Span ? value.nanos : undefined;

const ORDERS = {
  '<': (left: Ordered, right: Ordered) => left < right,
  '<=': (left: Ordered, right: Ordered) => left <= right,
  '>': (left: Ordered, right: Ordered) => left > right,
  '>=': (left: Ordered, right: Ordered) => left >= right,
} as const;
export type OrderOperator = keyof typeof ORDERS;

const compareTimes = (holds: (typeof ORDERS)[OrderOperator], left: Value, right: Value): Answer => {
  const [first, second] = [timeOf(left), timeOf(right)];
  const isComparable =
    first !== undefined && second !== undefined && left instanceof Moment === right instanceof Moment;
  return isComparable ? holds(first, second) : NO_SUCH_OVERLOAD;
};

/** Compares two values of one type, or int with double. What is not known has no order: it is a fault. */
export const compare = (operator: OrderOperator, left: Value, right: Value, meter: Meter): Answer => {
  const holds = ORDERS[operator];
  if (isNumeric(left) && isNumeric(right)) return holds(left, right);
  if (typeof left === 'string' && typeof right === 'string') {
    meter.spendOnText(Math.min(left.length, right.length));
    return holds(left, right);
  }
  if (typeof left === 'boolean' && typeof right === 'boolean') return holds(left, right);
  return compareTimes(holds, left, right);
};

/** Membership: an equal element of a list, or a key of a map. */
export const contains = (item: Value, whole: Value, meter: Meter): Answer => {
  if (isList(whole)) return whole.some((each) => isEqual(item, each, meter));
  return isMap(whole) ? whole.has(item) : NO_SUCH_OVERLOAD;
};
