import { Environment } from '@marcbachmann/cel-js';

/** A type of CEL by its name, or an object of known members. */
export interface Schema {
  readonly [member: string]: string | Schema;
}

const CONTEXT = {
  mtd: 'int',
  burn_daily: 'int',
  forecast_eom: 'int',
  anomaly: 'string',
  observed_days: 'int',
  data_source_mode: 'string',
  stale: 'bool',
} as const satisfies Schema;

/** The variables of conditions, contract section 8.4. */
export const VARIABLES = {
  request: {
    source: 'string',
    action: 'string',
    project_id: 'string',
    environment: 'string',
    environment_class: 'string',
    resource_reference: 'string',
    resource_types: 'list<string>',
    metadata: 'map<string, dyn>',
    dry_run: 'bool',
  },
  actor: { subject: 'string', kind: 'string', roles: 'list<string>', groups: 'list<string>', on_behalf_of: 'string' },
  cost: {
    monthly: 'int',
    hourly: 'int',
    method: 'string',
    completeness: 'string',
    priced: 'int',
    unpriced: 'int',
  },
  change: { creates: 'int', updates: 'int', deletes: 'int', replaces: 'int', destructive: 'bool' },
  budget: { matched: 'list<Budget>', fundable: 'int', unfunded: 'int' },
  credits: { reserved: 'int', emergency: 'int' },
  context: { ...CONTEXT, project: CONTEXT },
  risk: { score: 'int', class: 'string' },
} as const satisfies Record<string, Schema>;

export const BUDGET = {
  scope: 'string',
  period: 'string',
  limit: 'int',
  spent: 'int',
  held: 'int',
  headroom: 'int',
} as const satisfies Schema;

/** The library's parser recurses; a condition of 4 KiB needs neither more nodes nor more depth. */
const LIMITS = { maxAstNodes: 2_000, maxDepth: 64, maxListElements: 500, maxMapEntries: 100, maxCallArguments: 4 };

const notEvaluatedHere = (): never => {
  throw new TypeError('the library only checks types; evaluation is in ./evaluation');
};

/** Declares variables and functions, so that a condition is checked against types before it is ever published. */
export const createLanguage = (): Environment => {
  const language = new Environment({ limits: LIMITS });
  language.registerType('Budget', { fields: BUDGET });
  for (const [name, schema] of Object.entries(VARIABLES)) language.registerVariable({ name, schema });
  language.registerVariable('now', 'google.protobuf.Timestamp');
  language.registerFunction('usd(string): int', notEvaluatedHere);
  return language;
};
