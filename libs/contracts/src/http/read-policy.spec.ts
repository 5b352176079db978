import { describe, expect, it } from '@jest/globals';
import { createCelRules } from '@verdict/adapter-cel';
import { DEFAULT_POLICY, jcsText } from '@verdict/domain';
import { readJson } from '../json/strict-json.js';
import { readPolicy } from './read-policy.js';
import { toWire } from './wire.js';

const engine = createCelRules();
const read = (text: string) => {
  const json = readJson(Buffer.from(text), { depthMax: 32 });
  if (json.kind === 'malformed') throw new Error(json.detail);
  return readPolicy(toWire(json.value), engine);
};
const documentOf = (text: string) => {
  const reading = read(text);
  if (reading.kind === 'defective') throw new Error(JSON.stringify(reading.errors));
  return reading.document;
};
const errorsOf = (value: unknown) => {
  const reading = read(JSON.stringify(value));
  return reading.kind === 'policy' ? [] : reading.errors.map(({ pointer, code }) => [pointer, code]);
};
const stage = { id: 's', quorum: 1 };
const at = (path: string, value: unknown): unknown =>
  path
    .split('/')
    .slice(1)
    .reduceRight<unknown>((inner, name) => (/^\d+$/.test(name) ? [inner] : { [name]: inner }), value);
const rule = (more: object) => ({ id: 'r', condition: 'true', effect: 'deny', ...more });
const route = (more: object) => ({ id: 'r', effect: 'require', require: stage, ...more });

describe('an author’s policy', () => {
  it('may lower the rates of the platform and never raise them, where these are known', () => {
    const errorsUnder = (limits: object, quota: { perSecond: number; burst: number } | null) => {
      const reading = readPolicy({ rate_limits: limits }, engine, quota);
      return reading.kind === 'policy' ? [] : reading.errors.map(({ pointer, code }) => [pointer, code]);
    };
    const quota = { perSecond: 200, burst: 400 };
    expect(errorsUnder({ gate_per_second: 201, gate_burst: 401 }, quota)).toEqual([
      ['/rate_limits/gate_per_second', 'policy_invalid'],
      ['/rate_limits/gate_burst', 'policy_invalid'],
    ]);
    expect(errorsUnder({ gate_per_second: 200, gate_burst: 400 }, quota)).toEqual([]);
    expect(errorsUnder({}, quota)).toEqual([]);
    expect(errorsUnder({ gate_per_second: 201, gate_burst: 401 }, null)).toEqual([]);
  });

  it('that says nothing is the default, complete', () => {
    expect(documentOf('{}')).toEqual(DEFAULT_POLICY);
    expect(documentOf('{"format":"verdict.enforcement.policy.v1","approval":{},"rules":[]}')).toEqual(DEFAULT_POLICY);
  });

  it('is one text whether an amount is 25, "25" or "25.0000"', () => {
    const texts = ['25', '"25"', '"25.0000"', '25.0', '"25.00"'].map((amount) =>
      jcsText(
        documentOf(
          `{"entitlements":{"plan_ceiling_monthly_usd":${amount},"auto_approve":{"below_monthly_usd":${amount}}},
            "approval":{"routing":[{"id":"r","effect":"waive","match":{"monthly_delta_usd":{"max":${amount}}}}]}}`,
        ),
      ),
    );
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toContain('"plan_ceiling_monthly_usd":"25.0000"');
    expect(texts[0]).toContain('"monthly_delta_usd":{"max":"25.0000","min":null}');
  });

  it('keeps 0 as a ceiling that lets nothing pass, and null as none', () => {
    expect(documentOf('{"entitlements":{"plan_ceiling_monthly_usd":0}}').entitlements.plan_ceiling_monthly_usd).toBe(
      '0.0000',
    );
    expect(documentOf('{"entitlements":{"plan_ceiling_monthly_usd":null}}').entitlements.plan_ceiling_monthly_usd).toBe(
      null,
    );
  });

  it('has each alias once, written as environments are compared', () => {
    const { classes } = documentOf('{"environments":{"classes":{"qa":{"aliases":["QA-1"," qa-1","É"]}}}}').environments;
    expect(classes['qa']).toEqual({ aliases: ['qa-1', 'É'], behaves_as: 'prod' });
    expect(Object.keys(classes).sort()).toEqual(['nonprod', 'prod', 'qa']);
  });

  it('has its high-impact types once and in one order', () => {
    const types = (list: string) => documentOf(`{"risk":{"high_impact_types":${list}}}`).risk.high_impact_types;
    expect(types('["b","a","b"]')).toEqual(['a', 'b']);
    expect(types('["a","b"]')).toEqual(['a', 'b']);
  });

  it('may leave out what a route or rule has by default', () => {
    const document = documentOf(JSON.stringify({ rules: [rule({})], approval: { routing: [route({})] } }));
    expect(document.rules).toEqual([
      { id: 'r', enabled: true, condition: 'true', effect: 'deny', message: '', obligation: null, cost_budget: 10_000 },
    ]);
    expect(document.approval.routing).toEqual([
      {
        ...{ id: 'r', enabled: true, match: {}, overrides: {}, effect: 'require' },
        require: { id: 's', quorum: 1, roles: [], groups: [], subjects: [], deny_quorum: 1 },
      },
    ]);
  });
});

describe('a defect of a policy', () => {
  it.each<[string, unknown, string]>([
    ['/typo', 1, 'unknown_field'],
    ['/approval/typo', 1, 'unknown_field'],
    ['/approval/routing/0', route({ typo: 1 }), 'unknown_field'],
    ['/format', 'verdict.enforcement.policy.v2', 'validation_failed'],
    ['/mode_matrix/terraform/prod', 'medium', 'validation_failed'],
    [
      '/environments/classes/qa/aliases',
      Array.from({ length: 65 }, (_, index) => `a${String(index)}`),
      'validation_failed',
    ],
    ['/approval/approve_by_seconds', 299, 'validation_failed'],
    ['/approval/approve_by_seconds', 2_592_001, 'validation_failed'],
    ['/approval/use_by_seconds', 59, 'validation_failed'],
    ['/approval/use_by_seconds', 604_801, 'validation_failed'],
    ['/approval/token_ttl_seconds', 59, 'validation_failed'],
    ['/approval/token_ttl_seconds', 86_401, 'validation_failed'],
    ['/approval/replan_tolerance/percent', 51, 'validation_failed'],
    ['/approval/grants/max_uses', 0, 'validation_failed'],
    ['/approval/grants/max_uses', 51, 'validation_failed'],
    ['/approval/grants/denied_cooldown_seconds', 86_401, 'validation_failed'],
    ['/approval/consumer', 'anybody', 'validation_failed'],
    [
      '/approval/routing',
      Array.from({ length: 65 }, (_, index) => route({ id: `r${String(index)}` })),
      'validation_failed',
    ],
    ['/entitlements/plan_ceiling_monthly_usd', -1, 'money_out_of_range'],
    ['/entitlements/hard_deny_above_monthly_usd', '1.00001', 'money_too_precise'],
    ['/entitlements/auto_approve/below_monthly_usd', '1e3', 'money_invalid'],
    ['/rules', Array.from({ length: 129 }, (_, index) => rule({ id: `r${String(index)}` })), 'validation_failed'],
    ['/context/max_data_age_days', 31, 'validation_failed'],
    ['/context/max_data_age_days', 0, 'validation_failed'],
    ['/execution/decision_ttl_seconds', 59, 'validation_failed'],
    ['/execution/hold_overdue_seconds', 604_801, 'validation_failed'],
    ['/reconciliation/overdue_action', 'keep', 'validation_failed'],
    ['/risk/project_criticality/web', 'extreme', 'validation_failed'],
    ['/rate_limits/gate_per_second', 0, 'validation_failed'],
    ['/pricing/mismatch_percent', 101, 'validation_failed'],
  ])('of its shape is told where it lies: %s', (pointer, value, code) => {
    const errors = errorsOf(at(pointer, value));
    expect(errors).toHaveLength(1);
    expect(errors[0]?.[0]).toMatch(new RegExp(`^${pointer}`));
    expect(errors[0]?.[1]).toBe(code);
  });

  it.each([
    ['an id that is too long', '/rules/0/id', rule({ id: 'r'.repeat(65) })],
    ['a condition above 4 KiB', '/rules/0/condition', rule({ condition: `"${'ä'.repeat(2050)}" == ""` })],
    ['a message above 256', '/rules/0/message', rule({ message: 'm'.repeat(257) })],
    ['a cost budget above 10000', '/rules/0/cost_budget', rule({ cost_budget: 10_001 })],
  ])('of a rule is told where it lies: %s', (_, pointer, defective) => {
    expect(errorsOf({ rules: [defective] })).toEqual([[pointer, 'validation_failed']]);
  });

  it('of a tree that is four deep, or has a stage above five, lies in the tree', () => {
    const deep = { all: [{ any: [{ all: [stage] }] }] };
    for (const require of [deep, { ...stage, quorum: 6 }, { ...stage, quorum: 0 }, { all: [] }])
      expect(errorsOf({ approval: { routing: [route({ require })] } })[0]?.[0]).toMatch(
        /^\/approval\/routing\/0\/require/,
      );
    expect(errorsOf({ approval: { routing: [route({ require: { all: [{ any: [stage] }] } })] } })).toEqual([]);
  });

  it.each<[string, unknown, readonly (readonly [string, string])[]]>([
    ['a quorum', { ...stage, quorum: 6 }, [['/quorum', 'validation_failed']]],
    ['a member that nobody knows', { ...stage, quorom: 2 }, [['/quorom', 'unknown_field']]],
    ['a stage without a name', { roles: ['lead'] }, [['/id', 'validation_failed']]],
    ['nobody at all', { all: [] }, [['/all', 'validation_failed']]],
    [
      'each of several',
      { all: [{ ...stage, quorum: 0 }, { any: [stage, { ...stage, subjects: [7], deny_quorum: 9 }] }] },
      [
        ['/all/0/quorum', 'validation_failed'],
        ['/all/1/any/1/subjects/0', 'validation_failed'],
        ['/all/1/any/1/deny_quorum', 'validation_failed'],
      ],
    ],
    ['no tree', 7, [['', 'validation_failed']]],
    ['no tree in a tree', { any: ['ana'] }, [['/any/0', 'validation_failed']]],
  ])('of a tree is told where it lies: %s', (_, require, places) => {
    expect(errorsOf({ approval: { routing: [route({ require })] } })).toEqual(
      places.map(([place, code]) => [`/approval/routing/0/require${place}`, code]),
    );
  });

  it.each([
    ['1.00001', 'money_too_precise'],
    ['-1', 'money_out_of_range'],
    ['all', 'money_invalid'],
  ])('of a ceiling says what is wrong with the amount: %s', (amount, code) => {
    expect(errorsOf({ entitlements: { plan_ceiling_monthly_usd: amount } })).toEqual([
      ['/entitlements/plan_ceiling_monthly_usd', code],
    ]);
  });

  it('of its sense is told with the others of its sense', () => {
    expect(
      errorsOf({
        entitlements: { hard_deny_above_monthly_usd: '1' },
        rules: [rule({}), rule({ id: 'R', condition: '(' })],
        approval: { routing: [route({ require: null })] },
      }),
    ).toEqual([
      ['/entitlements/hard_deny_above_monthly_usd', 'policy_invalid'],
      ['/approval/routing/0/require', 'policy_invalid'],
      ['/rules/1/id', 'policy_invalid'],
      ['/rules/1/condition', 'policy_invalid'],
    ]);
  });

  it('of its shape does not hide those of its sense', () => {
    expect(
      errorsOf({
        typo: 1,
        execution: { decision_ttl_seconds: 1 },
        entitlements: { hard_deny_above_monthly_usd: '1' },
        rules: [rule({}), rule({ id: 'R' })],
      }),
    ).toEqual([
      ['/execution/decision_ttl_seconds', 'validation_failed'],
      ['/typo', 'unknown_field'],
      ['/entitlements/hard_deny_above_monthly_usd', 'policy_invalid'],
      ['/rules/1/id', 'policy_invalid'],
    ]);
  });

  it('in an item of a list hides none of the sense of that list, and moves no pointer', () => {
    const errors = errorsOf({
      entitlements: { hard_deny_above_monthly_usd: '1' },
      rules: [rule({ effect: 'forbid', message: 7 }), rule({ id: 'x' }), rule({ id: 'X' })],
      approval: { routing: [7, route({ id: 's' }), route({ id: 'S' })] },
    });
    expect(errors).toEqual([
      ['/approval/routing/0', 'validation_failed'],
      ['/rules/0/effect', 'validation_failed'],
      ['/rules/0/message', 'validation_failed'],
      ['/entitlements/hard_deny_above_monthly_usd', 'policy_invalid'],
      ['/approval/routing/2/id', 'policy_invalid'],
      ['/rules/2/id', 'policy_invalid'],
    ]);
  });

  it('of the shape of a rule hides no other of the same rule, nor a repetition of its id', () => {
    expect(
      errorsOf({
        rules: [
          rule({ message: 'm'.repeat(300), condition: '(' }),
          rule({ id: 'x', condition: '(' }),
          rule({ id: 'R' }),
          rule({ id: '', effect: 'forbid', condition: '(' }),
        ],
      }),
    ).toEqual([
      ['/rules/0/message', 'validation_failed'],
      ['/rules/3/id', 'validation_failed'],
      ['/rules/3/effect', 'validation_failed'],
      ['/rules/2/id', 'policy_invalid'],
      ['/rules/0/condition', 'policy_invalid'],
      ['/rules/1/condition', 'policy_invalid'],
      ['/rules/3/condition', 'policy_invalid'],
    ]);
  });

  it.each<[string, unknown, string]>([
    [
      'a limit that cannot be read lies below none',
      { entitlements: { hard_deny_above_monthly_usd: '1e3', auto_approve: { below_monthly_usd: '6000' } } },
      '/entitlements/hard_deny_above_monthly_usd',
    ],
    [
      'a limit is not below what cannot be read',
      { entitlements: { hard_deny_above_monthly_usd: '1', auto_approve: 7 } },
      '/entitlements/auto_approve',
    ],
    [
      'a class that cannot be read is there',
      { environments: { classes: { qa: 7 } }, mode_matrix: { terraform: { qa: 'hard' } } },
      '/environments/classes/qa',
    ],
    [
      'an alias is not in a class that cannot be read',
      { environments: { classes: { prod: { aliases: 7 }, qa: { aliases: ['production'] } } } },
      '/environments/classes/prod/aliases',
    ],
    [
      'no outcome is weaker than that of a mode that cannot be read',
      { mode_matrix: { terraform: { prod: 'x' } }, fail_safe: { terraform: { prod: 'ALLOW' } } },
      '/mode_matrix/terraform/prod',
    ],
    [
      'who has to agree is said, if not in a way that can be read',
      { approval: { routing: [route({ require: { ...stage, quorum: 9 } })] } },
      '/approval/routing/0/require',
    ],
    [
      'an effect that cannot be read neither needs an obligation nor has none',
      { rules: [rule({ effect: 'x', obligation: { key: 'k', value: 'v' } })] },
      '/rules/0/effect',
    ],
    [
      'nobody is missed in a stage whose people cannot all be read',
      { approval: { routing: [route({ require: { ...stage, quorum: 2, subjects: ['ana', 7] } })] } },
      '/approval/routing/0/require',
    ],
  ])('of its shape makes none of its sense: %s', (_, value, pointer) => {
    const errors = errorsOf(value);
    expect(errors.length).toBeGreaterThan(0);
    for (const [place] of errors) expect(place).toMatch(new RegExp(`^${pointer}`));
    expect(errors.filter(([, code]) => code === 'policy_invalid')).toEqual([]);
  });

  it('of its shape, wherever in a document it lies, hides no defect elsewhere and makes up none', () => {
    const tree = { all: [stage, { any: [{ ...stage, id: 't' }] }] };
    const text = jcsText({
      ...DEFAULT_POLICY,
      mode_matrix: { ...DEFAULT_POLICY.mode_matrix, terraform: { default: 'soft', prod: 'hard' } },
      fail_safe: { ...DEFAULT_POLICY.fail_safe, terraform: { prod: 'DENY' } },
      environments: { classes: { ...DEFAULT_POLICY.environments.classes, qa: { aliases: ['q'], behaves_as: 'prod' } } },
      entitlements: { ...DEFAULT_POLICY.entitlements, hard_deny_above_monthly_usd: '1.0000' },
      rules: [
        rule({ id: 'a', effect: 'add_obligation', obligation: { key: 'k', value: 'v' } }),
        rule({ id: 'b', condition: '(' }),
        rule({ id: 'A', message: 'm', cost_budget: 5 }),
      ],
      approval: {
        ...DEFAULT_POLICY.approval,
        routing: [
          route({ id: 'a', require: tree, match: { environments: ['qa'], monthly_delta_usd: { min: '1', max: '2' } } }),
          route({ id: 'A', overrides: { separation: true, justification: { min_length: 3 } } }),
        ],
      },
    });
    /** Where each defect of this text is told, and the places that make it one. */
    const planted: readonly (readonly [string, ...string[]])[] = [
      ['/entitlements/hard_deny_above_monthly_usd', '/entitlements/auto_approve/below_monthly_usd'],
      ['/approval/routing/1/id', '/approval/routing/0/id'],
      ['/rules/2/id', '/rules/0/id'],
      ['/rules/1/condition'],
    ];
    const told = (value: unknown) => errorsOf(value).flatMap(([at, code]) => (code === 'policy_invalid' ? [at] : []));
    expect(told(JSON.parse(text))).toEqual(planted.map(([at]) => at));

    const placesIn = (value: unknown, at: string): readonly string[] => [
      at,
      ...(typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([name, member]) => placesIn(member, `${at}/${name}`))
        : []),
    ];
    const places = placesIn(JSON.parse(text), '').slice(1);
    expect(places.length).toBeGreaterThan(120);
    for (const place of places) {
      const [value, ...names] = [JSON.parse(text) as Record<string, unknown>, ...place.split('/').slice(1)];
      const parent = names.slice(0, -1).reduce((inside, name) => inside[name] as Record<string, unknown>, value);
      parent[names.at(-1) ?? ''] = [[]]; // Neither text, number, yes or no, object nor a list of any of them.
      const left = planted.filter((rests) => !rests.some((each) => `${each}/`.startsWith(`${place}/`)));
      expect([place, told(value)]).toEqual([place, left.map(([at]) => at)]);
    }
  });

  const named = (name: string, member: unknown, more: object = {}): unknown =>
    JSON.parse(JSON.stringify({ 'to be named': member, ...more }).replace('to be named', name));
  it.each(['__proto__', 'constructor', 'prototype'])('is a member of a map called %s: it is never left out', (name) => {
    for (const [place, member] of [
      ['/mode_matrix/terraform', 'hard'],
      ['/fail_safe/k8s_admission', 'DENY'],
      ['/environments/classes', { aliases: ['q'], behaves_as: 'prod' }],
    ] as const)
      expect(errorsOf(at(place, named(name, member)))).toEqual([[`${place}/${name}`, 'validation_failed']]);
  });

  it('is a project called __proto__, which no project is; constructor is one', () => {
    const place = '/risk/project_criticality';
    expect(errorsOf(at(place, named('__proto__', 'high')))).toEqual([[`${place}/__proto__`, 'validation_failed']]);
    const { risk } = documentOf(JSON.stringify(at(place, named('constructor', 'high'))));
    expect(Object.entries(risk.project_criticality)).toEqual([['constructor', 'high']]);
  });

  it('in the name of a member of a map hides none of the other members, nor of the sense of the rest', () => {
    const classes = named('__proto__', {}, { 'Not a name': {}, qa: { behaves_as: 'perhaps' }, ok: { aliases: ['x'] } });
    expect(errorsOf({ environments: { classes }, rules: [rule({}), rule({ id: 'R' })] })).toEqual([
      ['/environments/classes/__proto__', 'validation_failed'],
      ['/environments/classes/Not a name', 'validation_failed'],
      ['/environments/classes/qa/behaves_as', 'validation_failed'],
      ['/rules/1/id', 'policy_invalid'],
    ]);
  });

  it('is no matter of a document alone: what is no object at all is refused as well', () => {
    for (const value of [null, [], 'x', 7]) expect(errorsOf(value)).toEqual([['', 'validation_failed']]);
  });
});
