import type { ASTNode } from '@marcbachmann/cel-js';
import { placeOf } from '../variables.js';
import { type ArithmeticOperator, calculate, negate } from './arithmetic.js';
import { compare, contains, isEqual, type OrderOperator } from './comparing.js';
import { type CelFunction, FUNCTIONS, METHODS } from './functions.js';
import { isMacro, macroProgram } from './macros.js';
import { Meter } from './meter.js';
import type { LocalNames, Program, Variables } from './program.js';
import {
  type Answer,
  Fault,
  INDEX_OUT_OF_RANGE,
  isList,
  isMap,
  NO_SUCH_KEY,
  NO_SUCH_OVERLOAD,
  Struct,
  type Value,
} from './values.js';

const constant = (value: Answer, units = 1): Program => {
  return ({ meter }) => {
    meter.spend(units);
    return value;
  };
};

const literal = (value: unknown): Program => {
  const isPlain = ['string', 'bigint', 'number', 'boolean'].includes(typeof value);
  return constant(value === null || isPlain ? (value as Value) : NO_SUCH_OVERLOAD);
};

const local =
  (place: number): Program =>
  ({ locals, meter }) => {
    meter.spend(1);
    return locals[place] ?? null;
  };

const variable =
  (place: number): Program =>
  ({ variables, meter }) => {
    meter.spend(1);
    return variables.at(place) ?? NO_SUCH_KEY;
  };

const identifier = (name: string, names: LocalNames): Program => {
  const bound = names.lastIndexOf(name); // The innermost macro hides what is outside of it.
  if (bound >= 0) return local(bound);
  const place = placeOf(name);
  return place === undefined ? constant(NO_SUCH_KEY) : variable(place);
};

/** Evaluates in order; the first fault ends it. */
const all = (programs: readonly Program[], use: (values: readonly Value[], meter: Meter) => Answer): Program => {
  return (scope) => {
    scope.meter.spend(1);
    const values: Value[] = [];
    for (const program of programs) {
      const answer = program(scope);
      if (answer instanceof Fault) return answer;
      values.push(answer);
    }
    return use(values, scope.meter);
  };
};

/** As `all` of one, without a list: nearly all nodes have one part or two. */
const one = (program: Program, use: (value: Value, meter: Meter) => Answer): Program => {
  return (scope) => {
    scope.meter.spend(1);
    const answer = program(scope);
    return answer instanceof Fault ? answer : use(answer, scope.meter);
  };
};
const two = (
  [left, right]: readonly [Program, Program],
  use: (left: Value, right: Value, meter: Meter) => Answer,
): Program => {
  return (scope) => {
    scope.meter.spend(1);
    const first = left(scope);
    if (first instanceof Fault) return first;
    const second = right(scope);
    return second instanceof Fault ? second : use(first, second, scope.meter);
  };
};

/** A member that is there but not known reads as a fault, so that nothing unknown passes as a small number. */
const memberOf = (whole: Value, name: string): Answer => {
  if (whole instanceof Struct) return whole.member(name) ?? NO_SUCH_KEY;
  return isMap(whole) ? (whole.get(name) ?? (whole.has(name) ? null : NO_SUCH_KEY)) : NO_SUCH_KEY;
};

const elementOf = (whole: Value, key: Value): Answer => {
  if (isList(whole)) {
    if (typeof key !== 'bigint') return NO_SUCH_OVERLOAD;
    return key < 0n ? INDEX_OUT_OF_RANGE : (whole[Number(key)] ?? (key < whole.length ? null : INDEX_OUT_OF_RANGE));
  }
  if (typeof key === 'string') return memberOf(whole, key);
  return isMap(whole) ? (whole.get(key) ?? (whole.has(key) ? null : NO_SUCH_KEY)) : NO_SUCH_OVERLOAD;
};

/** True where every member on the way is there and known. */
const has = (node: ASTNode, names: LocalNames): Program => {
  if (node.op !== '.') return constant(NO_SUCH_OVERLOAD);
  const [whole, name] = node.args;
  const owner = compile(whole, names);
  return (scope) => {
    scope.meter.spend(1);
    const answer = owner(scope);
    if (answer instanceof Fault) return answer === NO_SUCH_KEY ? false : answer;
    return isMap(answer) ? answer.has(name) : memberOf(answer, name) !== NO_SUCH_KEY;
  };
};

/** `decides` ends it whatever the other side is, an error included: both orders give one answer. */
const logical =
  (decides: boolean, left: Program, right: Program): Program =>
  (scope) => {
    scope.meter.spend(1);
    const first = left(scope);
    if (first === decides) return decides;
    const second = right(scope);
    if (second === decides) return decides;
    if (first instanceof Fault) return first;
    if (second instanceof Fault) return second;
    return first === !decides && second === !decides ? !decides : NO_SUCH_OVERLOAD;
  };

const ternary = ([test, whenTrue, whenFalse]: readonly [Program, Program, Program]): Program => {
  return (scope) => {
    scope.meter.spend(1);
    const answer = test(scope);
    if (answer instanceof Fault) return answer;
    if (typeof answer !== 'boolean') return NO_SUCH_OVERLOAD;
    return answer ? whenTrue(scope) : whenFalse(scope);
  };
};

const mapLiteral = (entries: readonly (readonly [Program, Program])[]): Program =>
  all(
    entries.flat(),
    (values) => new Map(values.flatMap((key, index) => (index % 2 === 0 ? [[key, values[index + 1] ?? null]] : []))),
  );

const called = (use: CelFunction | undefined, programs: readonly Program[]): Program => {
  const [first, second, ...more] = programs;
  if (use === undefined || first === undefined || more.length > 0) return all(programs, () => NO_SUCH_OVERLOAD);
  return second === undefined ? one(first, (value, meter) => use(value, undefined, meter)) : two([first, second], use);
};

const NO_VARIABLES: Variables = { at: () => null };
/** A program that always has the same answer at the same cost is run once, when it is compiled. */
const folded = (program: Program): Program => {
  const meter = new Meter(Infinity);
  return constant(program({ variables: NO_VARIABLES, locals: [], meter }), meter.used);
};

const call = ([name, args]: readonly [string, readonly ASTNode[]], names: LocalNames): Program => {
  const [first] = args;
  if (name === 'has' && first !== undefined) return has(first, names);
  const program = called(
    FUNCTIONS.get(name),
    args.map((arg) => compile(arg, names)),
  );
  return args.every(({ op }) => op === 'value') ? folded(program) : program; // `usd("25.00")` is in most conditions.
};

const method = ([name, receiver, args]: readonly [string, ASTNode, readonly ASTNode[]], names: LocalNames): Program => {
  const [bound, first, second] = args;
  const whole = compile(receiver, names);
  if (!isMacro(name, args.length) || bound?.op !== 'id' || first === undefined) {
    return called(METHODS.get(`${name}/${String(args.length)}`), [whole, ...args.map((arg) => compile(arg, names))]);
  }
  const inner = [...names, bound.args];
  const parts = { whole, place: names.length, first: compile(first, inner) };
  const program = macroProgram(name, { ...parts, second: second === undefined ? null : compile(second, inner) });
  return (scope) => {
    scope.meter.spend(1);
    return program(scope);
  };
};

type Binary = Extract<ASTNode, { readonly args: readonly [ASTNode, ASTNode] }>;

const binary = (operator: Binary['op'], sides: readonly [Program, Program]): Program => {
  switch (operator) {
    case '==':
      return two(sides, isEqual);
    case '!=':
      return two(sides, (first, second, meter) => !isEqual(first, second, meter));
    case 'in':
      return two(sides, contains);
    case '[]':
      return two(sides, elementOf);
    case '&&':
      return logical(false, ...sides);
    case '||':
      return logical(true, ...sides);
    case '[?]':
      return constant(NO_SUCH_OVERLOAD);
    default:
      return arithmetic(operator, sides);
  }
};

const arithmetic = (operator: ArithmeticOperator | OrderOperator, sides: readonly [Program, Program]): Program => {
  switch (operator) {
    case '<':
    case '<=':
    case '>':
    case '>=':
      return two(sides, (first, second, meter) => compare(operator, first, second, meter));
    default:
      return two(sides, (first, second, meter) => calculate(operator, first, second, meter));
  }
};

/**
 * Compiles a checked expression. The library parses and checks types; evaluation is ours, because it must be counted,
 * stopped and repeated years later with the same result, whatever version of the library is installed then.
 *
 * @param names variables of the macros around it.
 */
// eslint-disable-next-line complexity -- one case per form of the language
export const compile = (node: ASTNode, names: LocalNames = []): Program => {
  const inner = (part: ASTNode): Program => compile(part, names);
  switch (node.op) {
    case 'value':
      return literal(node.args);
    case 'id':
      return identifier(node.args, names);
    case '.': {
      const [whole, name] = node.args;
      return one(inner(whole), (value) => memberOf(value, name));
    }
    case 'call':
      return call(node.args, names);
    case 'rcall':
      return method(node.args, names);
    case 'list':
      return all(node.args.map(inner), (values) => values);
    case 'map':
      return mapLiteral(node.args.map(([key, value]) => [inner(key), inner(value)]));
    case '?:':
      return ternary([inner(node.args[0]), inner(node.args[1]), inner(node.args[2])]);
    case '!_':
      return one(inner(node.args), (value) => (typeof value === 'boolean' ? !value : NO_SUCH_OVERLOAD));
    case '-_':
      return one(inner(node.args), negate);
    case '.?':
      return constant(NO_SUCH_OVERLOAD);
    default:
      return binary(node.op, [inner(node.args[0]), inner(node.args[1])]);
  }
};
