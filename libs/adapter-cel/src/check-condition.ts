import { type ASTNode, type Environment, EvaluationError, ParseError, TypeError } from '@marcbachmann/cel-js';
import { CONDITION_BYTES_MAX } from '@verdict/domain';
import { type Defect, restrictionDefect } from './restrictions.js';
import { timeLiteralDefect } from './time-literals.js';

export type CheckedCondition =
  | {
      readonly kind: 'condition';
      readonly ast: ASTNode;
      /** Why nobody may publish it any more, though it is evaluated where it was; null: one may. */
      readonly unpublishable: string | null;
    }
  | { readonly kind: 'defect'; readonly text: string };

const placed = ({ message, at }: Defect, condition: string): string => {
  const before = condition.slice(0, at).split('\n');
  const column = (before.at(-1) ?? '').length + 1;
  return `line ${String(before.length)}, column ${String(column)}: ${message}`;
};
const located = (defect: Defect, condition: string): CheckedCondition => ({
  kind: 'defect',
  text: placed(defect, condition),
});

/** Only what the library reports about the text becomes a defect; anything else is a bug and goes on. */
const defectOf = (error: unknown): Defect => {
  const isReport = error instanceof ParseError || error instanceof TypeError || error instanceof EvaluationError;
  if (!isReport) throw error;
  return { message: error.summary, at: error.range?.start ?? 0 };
};

const parsed = (language: Environment, condition: string): ReturnType<Environment['parse']> | Defect => {
  try {
    return language.parse(condition);
  } catch (error) {
    return defectOf(error);
  }
};

/** Syntax, names, types, the functions that conditions may use, and that the result is a bool. */
export const checkCondition = (language: Environment, condition: string): CheckedCondition => {
  if (new TextEncoder().encode(condition).length > CONDITION_BYTES_MAX) {
    return { kind: 'defect', text: `the condition is longer than ${String(CONDITION_BYTES_MAX)} bytes` };
  }
  const expression = parsed(language, condition);
  if (typeof expression !== 'function') return located(expression, condition);
  const types = expression.check();
  if (!types.valid) return located(defectOf(types.error), condition);
  const found = restrictionDefect(expression.ast);
  if (found !== null) return located(found, condition);
  if (types.type !== 'bool')
    return located({ message: `the result is ${types.type ?? 'dyn'}, not bool`, at: 0 }, condition);
  const unpublishable = timeLiteralDefect(expression.ast);
  return {
    kind: 'condition',
    ast: expression.ast,
    unpublishable: unpublishable === null ? null : placed(unpublishable, condition),
  };
};
