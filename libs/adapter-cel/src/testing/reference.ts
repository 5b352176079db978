import type { ASTNode } from '@marcbachmann/cel-js';
import { calculate, negate } from '../evaluation/arithmetic.js';
import { compare, contains, isEqual } from '../evaluation/comparing.js';
import { FUNCTIONS, METHODS } from '../evaluation/functions.js';
import type { Meter } from '../evaluation/meter.js';
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
} from '../evaluation/values.js';

/** Variables by name: those of conditions, and in front of them those of macros. */
type Names = Readonly<Record<string, Value>>;

/** Ends the walk through strict operands at the first fault. */
class Stopped extends Error {
  constructor(readonly fault: Fault) {
    super(fault.code);
  }
}
const valueOf = (answer: Answer): Value => {
  if (answer instanceof Fault) throw new Stopped(answer);
  return answer;
};

/**
 * Evaluates the tree of a condition node by node, as the language and the table of costs say, with nothing prepared and
 * nothing left out: what compiled conditions are compared with. Operations on values are those of production.
 *
 * @throws BudgetSpent
 */
export const walk = (node: ASTNode, names: Names, meter: Meter): Answer => {
  meter.spend(1);
  try {
    return walkNode(node, { names, meter });
  } catch (error) {
    if (error instanceof Stopped) return error.fault;
    throw error;
  }
};

interface Sight {
  readonly names: Names;
  readonly meter: Meter;
}

const member = (whole: Value, name: string): Answer => {
  const found = whole instanceof Struct ? whole.member(name) : isMap(whole) ? whole.get(name) : undefined;
  return found ?? (isMap(whole) && whole.has(name) ? null : NO_SUCH_KEY);
};
const element = (whole: Value, key: Value): Answer => {
  if (isList(whole)) return typeof key === 'bigint' ? (whole[Number(key)] ?? INDEX_OUT_OF_RANGE) : NO_SUCH_OVERLOAD;
  return typeof key === 'string' ? member(whole, key) : NO_SUCH_OVERLOAD;
};

const connective = (decides: boolean, sides: readonly Answer[]): Answer => {
  if (sides.includes(decides)) return decides;
  return sides.find((side) => side instanceof Fault) ?? !decides;
};

/** An element a time, in a scope of its own. */
const macro = (name: string, [whole, variable, ...parts]: readonly ASTNode[], { names, meter }: Sight): Answer => {
  if (whole === undefined || variable?.op !== 'id') return NO_SUCH_OVERLOAD;
  const known = valueOf(walk(whole, names, meter));
  if (isMap(known)) meter.spend(known.size);
  const elements: readonly Value[] = isMap(known) ? [...known.keys()] : isList(known) ? known : [];
  const ask = (part: ASTNode | undefined, item: Value): Answer => {
    meter.spend(1);
    return part === undefined ? NO_SUCH_OVERLOAD : walk(part, { ...names, [variable.args]: item }, meter);
  };
  const kept = (): Value[] => elements.filter((item) => valueOf(ask(parts[0], item)) === true);
  switch (name) {
    case 'all':
    case 'exists': {
      const decides = name === 'exists';
      const answers: Answer[] = [];
      for (const item of elements) {
        answers.push(ask(parts[0], item));
        if (answers.at(-1) === decides) break;
      }
      return connective(decides, answers);
    }
    case 'exists_one':
      return kept().length === 1;
    case 'filter':
      return kept();
    default:
      return (parts.length === 1 ? elements : kept()).map((item) => valueOf(ask(parts.at(-1), item)));
  }
};

const MACROS: readonly string[] = ['all', 'exists', 'exists_one', 'filter', 'map'];

/** `has(a.b)`: b is there and known, and so is all that is before it. */
const has = (node: ASTNode | undefined, { names, meter }: Sight): Answer => {
  if (node?.op !== '.') return NO_SUCH_OVERLOAD;
  const owner = walk(node.args[0], names, meter);
  if (owner instanceof Fault) return owner === NO_SUCH_KEY ? false : owner;
  return isMap(owner) ? owner.has(node.args[1]) : member(owner, node.args[1]) !== NO_SUCH_KEY;
};

const walkNode = (node: ASTNode, sight: Sight): Answer => {
  const { names, meter } = sight;
  const at = (part: ASTNode): Value => valueOf(walk(part, names, meter));
  switch (node.op) {
    case 'value':
      return node.args as Value;
    case 'id':
      return names[node.args] ?? NO_SUCH_KEY;
    case '.':
      return member(at(node.args[0]), node.args[1]);
    case 'list':
      return node.args.map(at);
    case 'map':
      return new Map(node.args.map(([key, value]) => [at(key), at(value)]));
    case '!_':
      return at(node.args) === false;
    case '-_':
      return negate(at(node.args));
    case '?:':
      return walk(at(node.args[0]) === true ? node.args[1] : node.args[2], names, meter);
    case 'call': {
      const [name, args] = node.args;
      if (name === 'has') return has(args[0], sight);
      const [first] = args.map(at);
      return FUNCTIONS.get(name)?.(first, undefined, meter) ?? NO_SUCH_OVERLOAD;
    }
    case 'rcall': {
      const [name, receiver, args] = node.args;
      if (MACROS.includes(name)) return macro(name, [receiver, ...args], sight);
      const [first, second] = [receiver, ...args].map(at);
      return METHODS.get(`${name}/${String(args.length)}`)?.(first, second, meter) ?? NO_SUCH_OVERLOAD;
    }
    case '&&':
    case '||': {
      const decides = node.op === '||';
      const left = walk(node.args[0], names, meter);
      return left === decides ? decides : connective(decides, [left, walk(node.args[1], names, meter)]);
    }
    case '.?':
    case '[?]':
      return NO_SUCH_OVERLOAD;
    default:
      return operation(node.op, [at(node.args[0]), at(node.args[1])], meter);
  }
};

type Operator = Exclude<Extract<ASTNode, { readonly args: readonly [ASTNode, ASTNode] }>['op'], '&&' | '||' | '[?]'>;

const operation = (operator: Operator, [left, right]: readonly [Value, Value], meter: Meter): Answer => {
  switch (operator) {
    case '==':
      return isEqual(left, right, meter);
    case '!=':
      return !isEqual(left, right, meter);
    case 'in':
      return contains(left, right, meter);
    case '[]':
      return element(left, right);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compare(operator, left, right, meter);
    default:
      return calculate(operator, left, right, meter);
  }
};
