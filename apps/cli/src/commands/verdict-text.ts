import type { ROUTES } from '@verdict/contracts';
import type { z } from 'zod';
import { EXIT, type ExitCode } from '../io.js';
import type { Colour, Printer } from '../output/printer.js';
import { type Column, facts, signedUsd, table, usd } from '../output/table.js';

export type Verdict = z.output<typeof ROUTES.gatePreflight.response>;
type AnyVerdict = Omit<Verdict, 'run_id' | 'stage' | 'continuation'>;
type CostLine = Verdict['cost']['lines'][number];

export const EXITS = {
  ALLOW: EXIT.yes,
  ALLOW_WITH_CREDITS: EXIT.yes,
  REQUIRE_APPROVAL: EXIT.personNeeded,
  DENY: EXIT.no,
} as const satisfies Record<Verdict['decision'], ExitCode>;

const COLOURS = {
  ALLOW: 'good',
  ALLOW_WITH_CREDITS: 'good',
  REQUIRE_APPROVAL: 'waiting',
  DENY: 'bad',
} as const satisfies Record<Verdict['decision'], Colour>;

const nameOf = ({ address_sha256: hash, count }: CostLine, addresses: ReadonlyMap<string, string>): string => {
  if (hash === null) return `${String(count)} equal ones`;
  return addresses.get(hash) ?? `sha256:${hash.slice(0, 12)}`;
};

const entryOf = ({ status, entry_id: entry, reason }: CostLine): string => {
  if (status === 'free') return 'free';
  return status === 'priced' ? (entry ?? '-') : `? ${reason ?? 'unpriced'}`;
};

export const costColumns = (addresses: ReadonlyMap<string, string>): readonly Column<CostLine>[] => [
  { title: 'TYPE', value: ({ type }) => type },
  { title: 'ACTION', value: ({ action }) => action },
  { title: 'PRICE ENTRY', value: entryOf },
  { title: 'USD/MONTH', value: ({ delta_usd }) => (delta_usd === null ? '?' : signedUsd(delta_usd)), isNumber: true },
  { title: 'RESOURCE', value: (line) => nameOf(line, addresses) },
];

const costText = ({ cost }: AnyVerdict): string => {
  const book = cost.price_book === null ? '' : `, price book ${cost.price_book.version}`;
  const gaps = cost.unpriced === 0 ? '' : `, ${String(cost.unpriced)} unpriced`;
  return `${cost.method}, ${cost.completeness}${gaps}${book}`;
};

const holdText = ({ hold }: AnyVerdict): string => {
  const legs = hold.legs.map(({ account, amount_usd }) => `${account} ${usd(amount_usd)}`).join(', ');
  const rest = Number(hold.unfunded_usd) === 0 ? '' : `; ${usd(hold.unfunded_usd)} fits no limit`;
  return `${usd(hold.total)}${legs === '' ? '' : ` (${legs})`}${rest}`;
};

/** What a REQUIRE_APPROVAL waits for. */
export const nextStep = (
  { approval_request_id: id, approval_channel: channel }: AnyVerdict,
  state = 'STATE',
): string => {
  if (id === null || channel !== 'token') return '';
  return `\nNext: an approver runs  verdict approvals approve ${id}\n      then            verdict approvals consume --state ${state} --token-file TOKEN\n`;
};

const listed = (texts: readonly string[]): string | undefined => (texts.length === 0 ? undefined : texts.join(', '));

/** What rules, exceptions and the risk had to do with it. */
const ruleFacts = (verdict: AnyVerdict): readonly (readonly [string, string | undefined])[] => [
  ['rules', listed(verdict.rules_matched)],
  ['obligations', listed(verdict.obligations.map(({ key, value }) => `${key}=${value}`))],
  ['exceptions', listed(verdict.exceptions_used.map(({ exception_id: id, waived }) => `${id} (${waived.join(' ')})`))],
  ['risk', verdict.risk === null ? undefined : `${verdict.risk.class} (${String(verdict.risk.score)})`],
];

/** The verdict for people: the answer first, then why, what it costs and what is held. */
export const verdictText = (
  verdict: AnyVerdict,
  printer: Printer,
  addresses: ReadonlyMap<string, string> = new Map(),
): string => {
  const { decision, decision_id: id, cost, approval_request_id: approval } = verdict;
  const monthly = cost.monthly === null ? 'cost unknown' : `${signedUsd(cost.monthly)} USD/mo`;
  const head = `${printer.paint(COLOURS[decision], decision)} ${id} ${monthly}${approval === null ? '' : ` approval ${approval}`}\n`;
  const why = facts([
    ['reasons', verdict.reason_codes.join(', ')],
    ['policy', `version ${String(verdict.policy_version)}, mode ${verdict.mode} (${verdict.mode_scope})`],
    ['cost', costText(verdict)],
    ['held', holdText(verdict)],
    ...ruleFacts(verdict),
    ['warnings', verdict.warnings.length === 0 ? undefined : verdict.warnings.join('; ')],
    [
      'would be',
      verdict.would_be === null
        ? undefined
        : `${verdict.would_be.decision} (${verdict.would_be.reason_codes.join(', ')})`,
    ],
    [
      'valid until',
      verdict.expired ? `${verdict.expires_at} (expired: ask again under a new key)` : verdict.expires_at,
    ],
    ['first answer', verdict.replayed ? 'this is the recorded answer to the same request' : undefined],
    ['entry', `${verdict.entry.origin} revision ${String(verdict.entry.revision)}`],
  ]);
  const lines = cost.lines.length === 0 ? '' : `\n${table(costColumns(addresses), cost.lines)}`;
  return `${head}${why}${lines}`;
};
