import type { ASTNode } from '@marcbachmann/cel-js';
import { type ArithmeticOperator, calculate, negate } from './arithmetic.js';
import { compare, contains, isEqual, type OrderOperator } from './comparing.js';
import { type CelFunction, FUNCTIONS, METHODS } from './functions.js';
import { isMacro, macroProgram } from './macros.js';
import type { Meter } from './meter.js';
import { localOf, type Program } from './program.js';
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

const constant = (value: Answer): Program => {
  return ({ meter }) => {
    meter.spend(1);
    return value;
  };
};

const literal = (value: unknown): Program => {
  const isPlain = ['string', 'bigint', 'number', 'boolean'].includes(typeof value);
  return constant(value === null || isPlain ? (value as Value) : NO_SUCH_OVERLOAD);
};

const identifier =
  (name: string): Program =>
  ({ variables, locals, meter }) => {
    meter.spend(1);
    const local = localOf(locals, name);
    return local === undefined ? (variables.get(name) ?? NO_SUCH_KEY) : local;
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
const one = (program: Program, use: (value: Value) => Answer): Program =>
  all([program], ([value = null]) => use(value));
const two = (left: ASTNode, right: ASTNode, use: (left: Value, right: Value, meter: Meter) => Answer): Program =>
  all([compile(left), compile(right)], ([first = null, second = null], meter) => use(first, second, meter));

/** A member that is there but not known reads as a fault, so that nothing unknown passes as a small number. */
const memberOf = (whole: Value, name: string): Answer => {
  if (whole instanceof Struct) return whole.members[name] ?? NO_SUCH_KEY;
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
const has = (node: ASTNode): Program => {
  if (node.op !== '.') return constant(NO_SUCH_OVERLOAD);
  const [whole, name] = node.args;
  const owner = compile(whole);
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

const ternary = ([condition, yes, no]: readonly [ASTNode, ASTNode, ASTNode]): Program => {
  const [test, whenTrue, whenFalse] = [compile(condition), compile(yes), compile(no)];
  return (scope) => {
    scope.meter.spend(1);
    const answer = test(scope);
    if (answer instanceof Fault) return answer;
    if (typeof answer !== 'boolean') return NO_SUCH_OVERLOAD;
    return answer ? whenTrue(scope) : whenFalse(scope);
  };
};

const mapLiteral = (entries: readonly (readonly [ASTNode, ASTNode])[]): Program =>
  all(
    entries.flatMap(([key, value]) => [compile(key), compile(value)]),
    (values) => new Map(values.flatMap((key, index) => (index % 2 === 0 ? [[key, values[index + 1] ?? null]] : []))),
  );

const called = (use: CelFunction | undefined, args: readonly ASTNode[]): Program =>
  all(args.map(compile), use ?? (() => NO_SUCH_OVERLOAD));

const call = ([name, args]: readonly [string, readonly ASTNode[]]): Program => {
  const [first] = args;
  return name === 'has' && first !== undefined ? has(first) : called(FUNCTIONS.get(name), args);
};

const method = ([name, receiver, args]: readonly [string, ASTNode, readonly ASTNode[]]): Program => {
  const [variable, first, second] = args;
  if (!isMacro(name, args.length) || variable?.op !== 'id' || first === undefined) {
    return called(METHODS.get(`${name}/${String(args.length)}`), [receiver, ...args]);
  }
  const parts = { whole: compile(receiver), name: variable.args, first: compile(first) };
  const program = macroProgram(name, { ...parts, second: second === undefined ? null : compile(second) });
  return (scope) => {
    scope.meter.spend(1);
    return program(scope);
  };
};

type Binary = Extract<ASTNode, { readonly args: readonly [ASTNode, ASTNode] }>;

const binary = (operator: Binary['op'], [left, right]: readonly [ASTNode, ASTNode]): Program => {
  switch (operator) {
    case '==':
      return two(left, right, isEqual);
    case '!=':
      return two(left, right, (first, second, meter) => !isEqual(first, second, meter));
    case 'in':
      return two(left, right, contains);
    case '[]':
      return two(left, right, elementOf);
    case '&&':
      return logical(false, compile(left), compile(right));
    case '||':
      return logical(true, compile(left), compile(right));
    case '[?]':
      return constant(NO_SUCH_OVERLOAD);
    default:
      return arithmetic(operator, left, right);
  }
};

const arithmetic = (operator: ArithmeticOperator | OrderOperator, left: ASTNode, right: ASTNode): Program => {
  switch (operator) {
    case '<':
    case '<=':
    case '>':
    case '>=':
      return two(left, right, (first, second, meter) => compare(operator, first, second, meter));
    default:
      return two(left, right, (first, second, meter) => calculate(operator, first, second, meter));
  }
};

/**
 * Compiles a checked expression. The library parses and checks types; evaluation is ours, because it must be counted,
 * stopped and repeated years later with the same result, whatever version of the library is installed then.
 */
// eslint-disable-next-line complexity -- one case per form of the language
export const compile = (node: ASTNode): Program => {
  switch (node.op) {
    case 'value':
      return literal(node.args);
    case 'id':
      return identifier(node.args);
    case '.': {
      const [whole, name] = node.args;
      return one(compile(whole), (value) => memberOf(value, name));
    }
    case 'call':
      return call(node.args);
    case 'rcall':
      return method(node.args);
    case 'list':
      return all(node.args.map(compile), (values) => values);
    case 'map':
      return mapLiteral(node.args);
    case '?:':
      return ternary(node.args);
    case '!_':
      return one(compile(node.args), (value) => (typeof value === 'boolean' ? !value : NO_SUCH_OVERLOAD));
    case '-_':
      return one(compile(node.args), negate);
    case '.?':
      return constant(NO_SUCH_OVERLOAD);
    default:
      return binary(node.op, node.args);
  }
};
