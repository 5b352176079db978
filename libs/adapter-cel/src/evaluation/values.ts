import type { RuleError } from '@verdict/domain';

/** A point in time, nanoseconds since 1970 (UTC). */
export class Moment {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A length of time in nanoseconds, signed. */
export class Span {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A declared object such as `cost`: its members are known when a condition is checked; null stands for not known. */
export class Struct {
  readonly #members: Readonly<Record<string, Value>>;
  constructor(members: Readonly<Record<string, Value>>) {
    this.#members = members;
  }

  member(name: string): Value | undefined {
    return Object.hasOwn(this.#members, name) ? this.#members[name] : undefined; // Not what all objects inherit.
  }
}

export type List = readonly Value[];
export type MapValue = ReadonlyMap<Value, Value>;
/** CEL values: int is bigint within 64 bits, double is number. */
export type Value = null | boolean | bigint | number | string | Moment | Span | Struct | List | MapValue;

/** An error is a value too, since `false && error` is false and `error || true` is true. */
export class Fault {
  readonly code: RuleError;
  constructor(code: RuleError) {
    this.code = code;
  }
}
export type Answer = Value | Fault;

export const NO_SUCH_KEY = new Fault('no_such_key');
export const NO_SUCH_OVERLOAD = new Fault('no_such_overload');
export const INDEX_OUT_OF_RANGE = new Fault('index_out_of_range');
export const DIVISION_BY_ZERO = new Fault('division_by_zero');
export const INTEGER_OVERFLOW = new Fault('integer_overflow');
export const EVALUATION_FAILED = new Fault('evaluation_failed');

export const isList = (value: Answer): value is List => Array.isArray(value);
export const isMap = (value: Answer): value is MapValue => value instanceof Map;

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
export const isInt = (value: bigint): boolean => value >= INT_MIN && value <= INT_MAX;
/** An int of 64 bits, or the fault that it does not fit. */
export const intOf = (value: bigint): Answer => (isInt(value) ? value : INTEGER_OVERFLOW);
