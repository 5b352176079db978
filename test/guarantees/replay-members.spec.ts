import { beforeAll, describe, expect, it } from '@jest/globals';
import { createCelRules } from '@verdict/adapter-cel';
import { MemoryJournals } from '@verdict/adapter-memory';
import type { RecordedEntry } from '@verdict/application';
import { readFileSync } from 'node:fs';
import { rederiveAnswer, type Rederived } from '../../libs/application/src/replay/rederive-decision.js';
import { type RecordedAnswer, walkDecisions } from '../../libs/application/src/replay/walk-decisions.js';
import { liveThrough } from '../replay/scenario.js';
import { sourceOf } from '../support/replay-journals.js';

type Place = readonly (string | number)[];
interface Decided {
  readonly answer: RecordedAnswer;
  readonly decision: RecordedEntry;
}

const rules = createCelRules();
const decided: Decided[] = [];
beforeAll(async () => {
  const { store } = await liveThrough();
  await walkDecisions({
    source: sourceOf(new MemoryJournals({ store }), 'acme'),
    rules,
    visit: (answer, decision) => {
      decided.push({ answer, decision });
    },
  });
});

const membersOf = (value: unknown): readonly (readonly [string | number, unknown])[] => {
  if (Array.isArray(value)) return value.map((item, index) => [index, item as unknown] as const);
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
};
/** What has no members of its own. */
const leavesOf = (value: unknown, at: Place = []): readonly Place[] => {
  const members = membersOf(value);
  return members.length === 0 ? [at] : members.flatMap(([name, member]) => leavesOf(member, [...at, name]));
};
const pointerOf = (place: Place): string => `/${place.join('/')}`;
const patternOf = (place: Place): string =>
  `/${place.map((each) => (typeof each === 'number' ? '*' : each)).join('/')}`;

const SOURCES = ['terraform', 'k8s_admission', 'cloud_event'];
/** Another value of the same kind. */
const otherThan = (value: unknown, name: string | number | undefined): unknown => {
  const ofSource = typeof value === 'string' ? SOURCES.indexOf(value) : -1;
  if (ofSource >= 0) return SOURCES[(ofSource + 1) % SOURCES.length];
  if (value === null) return /_usd$/.test(String(name)) ? '0.0001' : 'x';
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'object') return Array.isArray(value) ? ['x'] : { x: 1 };
  const text = typeof value === 'string' ? value : '';
  if (/^\d{4}-\d\d-\d\dT/.test(text)) return '2026-11-10T10:00:00.001Z';
  return /^-?\d+\.\d+$/.test(text) ? text.replace(/\d$/, (last) => (last === '0' ? '1' : '0')) : `${text}0`;
};
const saidOtherwise = (value: unknown, [first, ...rest]: Place, name?: string | number): unknown => {
  if (first === undefined) return otherThan(value, name);
  const change = ([key, member]: readonly [string | number, unknown]): unknown =>
    key === first ? saidOtherwise(member, rest, key) : member;
  const members = membersOf(value);
  return Array.isArray(value)
    ? members.map(change)
    : Object.fromEntries(members.map((each) => [each[0], change(each)]));
};

const again = ({ answer, decision }: Decided, payload: unknown): Rederived =>
  rederiveAnswer(
    { ...answer, entries: [...answer.entries.slice(0, -1), { ...decision, payload }] },
    { rules, isFirstRelease: false },
  );

interface Changed {
  /** Its place, `*` for any item. */
  readonly pattern: string;
  readonly kind: Rederived['kind'];
  readonly isNamed: boolean;
}
/** Every member of every decision, each said otherwise by itself. */
const everyChange = (each: Decided): readonly Changed[] =>
  leavesOf(each.decision.payload).map((place) => {
    const found = again(each, saidOtherwise(each.decision.payload, place));
    const isNamed = found.kind === 'different' && [...found.pointers].includes(pointerOf(place));
    return { pattern: patternOf(place), kind: found.kind, isNamed };
  });

/** Members that decisions take as given, and why: the table of ADR 11. */
const given = (): ((pattern: string) => boolean) => {
  const text = readFileSync(new URL('../../docs/adr/0011-what-a-decision-records.md', import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `/'));
  const places = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, at = '']) => at));
  return (pattern) =>
    places.some((each) => each === pattern || (each.endsWith('/*') && pattern.startsWith(each.slice(0, -1))));
};

describe('of a decision that says something else in one member', () => {
  let changes: readonly Changed[];
  beforeAll(() => {
    changes = decided.flatMap(everyChange);
  });
  const patternsOf = (fits: (change: Changed) => boolean): readonly string[] => [
    ...new Set(changes.filter(fits).map(({ pattern }) => pattern)),
  ];

  it('every member is found but those of the table in ADR 11, whatever decision it is of', () => {
    const isGiven = given();
    expect(decided.length).toBeGreaterThan(40);
    expect(patternsOf(({ kind, pattern }) => kind === 'same' && !isGiven(pattern))).toEqual([]);
  });

  it('none is taken for one that holds too little to be decided again, as only the first release wrote them', () => {
    expect(patternsOf(({ kind }) => kind === 'hidden')).toEqual([]);
  });

  it('a price book that was not there, and figures that are not there any more, are named', () => {
    const [each] = decided;
    if (each === undefined) throw new Error('nothing was decided');
    const payload = each.decision.payload as { readonly cost: { readonly sources: unknown } };
    const { sources: _lost, ...cost } = payload.cost;
    const book = { version: '7', sha256: '0'.repeat(64) };
    for (const changed of [
      { ...payload, decision: 'DENY', cost: { ...payload.cost, price_book: book } },
      { ...payload, decision: 'DENY', cost: { ...cost, price_book: book } },
    ])
      expect(again(each, changed)).toMatchObject({
        kind: 'different',
        pointers: expect.arrayContaining(['/cost/price_book']) as unknown,
      });
  });

  it('what is not given is named by its own place, wherever nothing else follows from it', () => {
    const named = new Set(patternsOf(({ isNamed }) => isNamed));
    for (const pattern of [
      ...['/decision', '/finding', '/reason_codes/*', '/mode', '/policy_version', '/policy_document_sha256'],
      ...['/hold/legs/*/amount_usd', '/hold/total_usd', '/hold/unfunded_usd', '/exposure_usd', '/supersedes'],
      ...['/balances_after/*/held_usd', '/waterfall/*/consumed_usd', '/would_be/decision', '/warnings/*'],
      ...['/approval/quorum', '/approval/unfunded_usd', '/grant_use/use', '/auto_approved_usd', '/expires_at'],
      ...['/rules/*/matched', '/rules/*/cost_used', '/rules_matched/*', '/obligations/*/value', '/risk/score'],
      ...['/computed_context/stale', '/computed_context_sha256', '/challenger/decision', '/exceptions_used/*/waived/*'],
      ...['/request_fingerprint', '/subject_hash', '/payload_hash', '/cost/monthly_delta_usd', '/key/generation'],
    ])
      expect([pattern, named.has(pattern)]).toEqual([pattern, true]);
  });
});
