import type { ASTNode } from '@marcbachmann/cel-js';
import { parseUsd } from '@verdict/domain';
import { FUNCTIONS, METHODS } from './evaluation/functions.js';
import { isMacro } from './evaluation/macros.js';
import { isInt } from './evaluation/values.js';
import { type Schema, VARIABLES } from './language.js';

/** What is wrong, and the place in the text that it begins at. */
export interface Defect {
  readonly message: string;
  readonly at: number;
}
const defect = (message: string, node: ASTNode): Defect => ({ message, at: node.start });

const literalDefect = (value: unknown, node: ASTNode): Defect | null => {
  if (typeof value === 'object' && value !== null) return defect('bytes and unsigned literals are not offered', node);
  return typeof value === 'bigint' && !isInt(value) ? defect('the integer does not fit in 64 bits', node) : null;
};

/** Members of a chain such as `context.project.mtd` that can be looked up before anything runs. */
const schemaOf = (node: ASTNode): Schema | undefined => {
  const known: Readonly<Record<string, Schema>> = VARIABLES;
  if (node.op === 'id') return known[node.args];
  if (node.op !== '.') return undefined;
  const found = schemaOf(node.args[0])?.[node.args[1]];
  return typeof found === 'object' ? found : undefined;
};

/** The library does not look at the members that `has` asks for. */
const hasDefect = (node: ASTNode): Defect | null => {
  if (node.op !== '.') return defect('has() takes a member, as in has(cost.monthly)', node);
  const schema = schemaOf(node.args[0]);
  return schema !== undefined && !(node.args[1] in schema) ? defect(`No such key: ${node.args[1]}`, node) : null;
};

const callDefect = ([name, args]: readonly [string, readonly ASTNode[]], node: ASTNode): Defect | null => {
  const [first] = args;
  if (name === 'has' && first !== undefined) return hasDefect(first);
  if (!FUNCTIONS.has(name)) return defect(`the function ${name} is not offered`, node);
  const isAmount = name !== 'usd' || first?.op !== 'value' || typeof parseUsd(String(first.args), 6) === 'bigint';
  return isAmount ? null : defect('usd() takes a decimal amount with at most 6 places, as in usd("25.00")', node);
};

const methodDefect = ([name, , args]: readonly [string, ASTNode, readonly ASTNode[]], node: ASTNode): Defect | null =>
  isMacro(name, args.length) || METHODS.has(`${name}/${String(args.length)}`)
    ? null
    : defect(`the function ${name} with ${String(args.length)} arguments is not offered`, node);

const ownDefect = (node: ASTNode, locals: readonly string[]): Defect | null => {
  switch (node.op) {
    case 'value':
      return literalDefect(node.args, node);
    case 'id':
      return node.args === 'now' || node.args in VARIABLES || locals.includes(node.args)
        ? null
        : defect(`Unknown variable: ${node.args}`, node);
    case 'call':
      return callDefect(node.args, node);
    case 'rcall':
      return methodDefect(node.args, node);
    default:
      return null;
  }
};

/** Children, and what they see beside the variables. */
export const childrenOf = (node: ASTNode): readonly ASTNode[] => {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
};

/**
 * The library knows more than conditions may use: time zones and regular expressions of the host, bytes, types,
 * bindings. The first such place, or null.
 */
export const restrictionDefect = (node: ASTNode, locals: readonly string[] = []): Defect | null => {
  const own = ownDefect(node, locals);
  if (own !== null) return own;
  const variable = node.op === 'rcall' && isMacro(node.args[0], node.args[2].length) ? node.args[2][0] : undefined;
  const inner = variable?.op === 'id' ? [...locals, variable.args] : locals;
  for (const child of childrenOf(node)) {
    const found = restrictionDefect(child, inner);
    if (found !== null) return found;
  }
  return null;
};
