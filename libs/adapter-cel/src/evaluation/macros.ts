import type { Meter } from './meter.js';
import type { Program, Scope } from './program.js';
import { type Answer, Fault, isList, isMap, type List, NO_SUCH_OVERLOAD, type Value } from './values.js';

/** The parts of `whole.macro(name, condition[, result])`. */
export interface MacroParts {
  readonly whole: Program;
  /** Where the variable is among the locals. */
  readonly place: number;
  readonly first: Program;
  /** Given for the form of map with a filter. */
  readonly second: Program | null;
}

/** Elements of a list, keys of a map. */
const elementsOf = (whole: Answer, meter: Meter): List | Fault => {
  if (whole instanceof Fault) return whole;
  if (isList(whole)) return whole;
  if (!isMap(whole)) return NO_SUCH_OVERLOAD;
  meter.spend(whole.size);
  return [...whole.keys()];
};

type Walk = (parts: MacroParts, elements: List, scope: Scope) => Answer;

/** One iteration: a unit of its own, then the expression with the element in place. */
const step = (program: Program, place: number, element: Value, scope: Scope): Answer => {
  scope.meter.spend(1);
  scope.locals[place] = element;
  return program(scope);
};

/** `all` ends at the first false, `exists` at the first true; an error counts only where no such element decides. */
const quantifier =
  (decides: boolean): Walk =>
  ({ place, first }, elements, scope) => {
    let fault: Fault | null = null;
    for (const element of elements) {
      const answer = step(first, place, element, scope);
      if (answer === decides) return decides;
      if (answer !== !decides) fault ??= answer instanceof Fault ? answer : NO_SUCH_OVERLOAD;
    }
    return fault ?? !decides;
  };

const existsOne: Walk = ({ place, first }, elements, scope) => {
  let count = 0;
  for (const element of elements) {
    const answer = step(first, place, element, scope);
    if (typeof answer !== 'boolean') return answer instanceof Fault ? answer : NO_SUCH_OVERLOAD;
    if (answer) count += 1;
  }
  return count === 1;
};

const filter: Walk = ({ place, first }, elements, scope) => {
  const kept: Value[] = [];
  for (const element of elements) {
    const answer = step(first, place, element, scope);
    if (typeof answer !== 'boolean') return answer instanceof Fault ? answer : NO_SUCH_OVERLOAD;
    if (answer) kept.push(element);
  }
  return kept;
};

const map: Walk = (parts, elements, scope) => {
  const { place, first, second } = parts;
  const chosen = second === null ? elements : filter(parts, elements, scope);
  if (chosen instanceof Fault || !isList(chosen)) return chosen;
  const made: Value[] = [];
  for (const element of chosen) {
    const answer = step(second ?? first, place, element, scope);
    if (answer instanceof Fault) return answer;
    made.push(answer);
  }
  return made;
};

const MACROS: ReadonlyMap<string, Walk> = new Map([
  ['all/2', quantifier(false)],
  ['exists/2', quantifier(true)],
  ['exists_one/2', existsOne],
  ['filter/2', filter],
  ['map/2', map],
  ['map/3', map],
]);

export const isMacro = (name: string, argumentCount: number): boolean => MACROS.has(`${name}/${String(argumentCount)}`);

/** A macro over a list, or over the keys of a map. */
export const macroProgram = (name: string, parts: MacroParts): Program => {
  const walk = MACROS.get(`${name}/${parts.second === null ? '2' : '3'}`);
  return (scope) => {
    const elements = elementsOf(parts.whole(scope), scope.meter);
    if (elements instanceof Fault) return elements;
    return walk === undefined ? NO_SUCH_OVERLOAD : walk(parts, elements, scope);
  };
};
