import type { ApprovalTree } from '../approvals/approval-tree.js';
import type { Json } from '../shared/entry.js';
import type { Behaviour, Mode, PolicyDocument } from './policy.document.js';

/** A policy document as it stands in the ledger, read place by place. */
export type JsonObject = { readonly [key: string]: Json };
export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** A member of its own: a project may be called `constructor`. */
export const memberOf = (value: Json | undefined, ...names: readonly string[]): Json | undefined =>
  names.reduce<Json | undefined>((at, name) => (isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined), value);

/** The texts of a list; of anything else none. */
export const textsOf = (value: Json | undefined): readonly string[] =>
  isList(value) ? value.filter((each) => typeof each === 'string') : [];

/** The rule or route of a list that has an id. */
export const itemWith = (id: string, list: Json | undefined): Json | undefined =>
  isList(list) ? list.find((item) => memberOf(item, 'id') === id) : undefined;

export const MODES: readonly Mode[] = ['shadow', 'soft', 'hard'];

/** The mode of a class: its own, else the default of its source. */
export const modeIn = (document: Json, source: string, name: string): Mode | undefined => {
  const row = memberOf(document, 'mode_matrix', source);
  const said = memberOf(row, name) ?? memberOf(row, 'default');
  return MODES.find((mode) => mode === said);
};

type Classes = PolicyDocument['environments']['classes'];
export const classesIn = (document: Json): Classes => {
  const classes = memberOf(document, 'environments', 'classes');
  const read = Object.entries(isObject(classes) ? classes : {}).map(([name, each]) => {
    const behaves: Behaviour = memberOf(each, 'behaves_as') === 'nonprod' ? 'nonprod' : 'prod';
    return [name, { aliases: textsOf(memberOf(each, 'aliases')), behaves_as: behaves }] as const;
  });
  return Object.fromEntries(read);
};

const countOf = (value: Json | undefined): number => (typeof value === 'number' ? value : 1);

/** Who has to agree by a route; null: nobody. */
export const treeIn = (require: Json | undefined): ApprovalTree | null => {
  if (!isObject(require)) return null;
  const branchesOf = (list: readonly Json[]) => list.map(treeIn).filter((branch) => branch !== null);
  const { all, any, id } = require;
  if (isList(all)) return { all: branchesOf(all) };
  if (isList(any)) return { any: branchesOf(any) };
  return {
    id: typeof id === 'string' ? id : '',
    quorum: countOf(require['quorum']),
    roles: textsOf(require['roles']),
    groups: textsOf(require['groups']),
    subjects: textsOf(require['subjects']),
    deny_quorum: countOf(require['deny_quorum']),
  };
};
