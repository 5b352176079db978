import type { DecisionRecorded, PricedLine } from '@verdict/domain';
import type { RunTask } from './run-task.js';

type Level = 'none' | 'info' | 'warning' | 'error';

const LINES_SHOWN = 50;

/** What a run task says in the end. */
export interface TaskVerdict {
  readonly status: 'passed' | 'failed';
  readonly message: string;
  readonly url: string | null;
  readonly outcomes: readonly object[];
}

export const RUNNING = JSON.stringify({ data: { type: 'task-results', attributes: { status: 'running' } } });

/** JSON API text of a result; outcomes only for a peer that has them, and in `relationships`. @source protocols section 2 (T6, T8) */
export const resultBody = ({ status, message, url, outcomes }: TaskVerdict, { hasOutcomes }: RunTask): string =>
  JSON.stringify({
    data: {
      type: 'task-results',
      attributes: { status, message, ...(url === null ? {} : { url }) },
      ...(hasOutcomes && outcomes.length > 0 ? { relationships: { outcomes: { data: outcomes } } } : {}),
    },
  });

export const plainVerdict = (status: 'passed' | 'failed', message: string): TaskVerdict => ({
  status,
  message,
  url: null,
  outcomes: [],
});

const isPermitted = (decision: DecisionRecorded['decision']): boolean =>
  decision === 'ALLOW' || decision === 'ALLOW_WITH_CREDITS';

const signed = (usd: string): string => (usd.startsWith('-') ? `-$${usd.slice(1)}` : `+$${usd}`);
const costText = ({ cost }: DecisionRecorded): string =>
  cost.monthly_delta_usd === null
    ? 'cost unknown'
    : `${signed(cost.monthly_delta_usd)} a month${cost.completeness === 'complete' ? '' : ', part of it unknown'}`;

const wouldBeText = ({ would_be: wouldBe, mode }: DecisionRecorded): string =>
  wouldBe === null ? '' : ` (${mode}: would be ${wouldBe.decision}, ${wouldBe.reason_codes.join(', ')})`;

const messageOf = (recorded: DecisionRecorded, approvalUrl: string | null): string => {
  const { decision, reason_codes: reasons, approval, decision_id: id } = recorded;
  const asks =
    decision === 'REQUIRE_APPROVAL' && approval !== null
      ? ` Approval ${approval.approval_id}${approvalUrl === null ? '' : `: ${approvalUrl}`}.`
      : '';
  return `${decision}: ${costText(recorded)}; ${reasons.join(', ')}.${wouldBeText(recorded)}${asks} Decision ${id}.`;
};

/** No text of another party stands in a table cell as markup. */
const cell = (value: string): string => value.replace(/[^\w .,:*@/+$-]/g, '?').slice(0, 128);

const lineRow = ({ type, action, count, delta_usd: delta, status, reason }: PricedLine): string => {
  const amount = delta === null ? `unknown (${reason ?? status})` : delta;
  return `| ${cell(type)} | ${action} | ${count.toString()} | ${amount} |`;
};

const costMarkdown = (recorded: DecisionRecorded): string => {
  const { lines, price_book: book, method } = recorded.cost;
  const rest = lines.length - LINES_SHOWN;
  return [
    `${costText(recorded)}, by ${book === null ? method : `price book ${cell(book.version)}`}.`,
    '',
    '| Resource | Action | Count | USD a month |',
    '| --- | --- | ---: | ---: |',
    ...lines.slice(0, LINES_SHOWN).map(lineRow),
    ...(rest > 0 ? ['', `and ${rest.toString()} more lines`] : []),
  ].join('\n');
};

const LEVELS = {
  ALLOW: 'none',
  ALLOW_WITH_CREDITS: 'info',
  REQUIRE_APPROVAL: 'warning',
  DENY: 'error',
} as const satisfies Record<DecisionRecorded['decision'], Level>;

const outcome = (id: string, description: string, more: object): object => ({
  type: 'task-result-outcomes',
  attributes: { 'outcome-id': id, description, ...more },
});

const outcomesOf = (recorded: DecisionRecorded, message: string, url: string | null): readonly object[] => {
  const seen = recorded.would_be?.decision ?? recorded.decision;
  const status = [{ label: seen, level: LEVELS[seen] }];
  const link = url === null ? {} : { url };
  const { completeness } = recorded.cost;
  return [
    outcome('verdict-decision', `Decision: ${recorded.decision}`, { body: message, ...link, tags: { Status: status } }),
    outcome('verdict-cost', `Cost: ${costText(recorded)}`, {
      body: costMarkdown(recorded),
      tags: { Status: [{ label: completeness, level: completeness === 'complete' ? 'none' : 'warning' }] },
    }),
  ];
};

/** Where people find what a task is about; without a public address, ids stand for themselves. */
export interface PublicPlaces {
  readonly publicUrl: string | null;
}

const API = '/api/v1/enforcement';
const placeOf = ({ publicUrl }: PublicPlaces, path: string): string | null =>
  publicUrl === null ? null : `${publicUrl}${API}${path}`;

/**
 * A recorded decision as a run task says it: permitted passes, all else fails; what would have been is said in words.
 * @source protocols section 2
 */
export const taskVerdict = (recorded: DecisionRecorded, places: PublicPlaces): TaskVerdict => {
  const { decision, approval, decision_id: id } = recorded;
  const approvalUrl = approval === null ? null : placeOf(places, `/approvals/${approval.approval_id}`);
  const url = decision === 'REQUIRE_APPROVAL' ? approvalUrl : placeOf(places, `/decisions/${id}`);
  const message = messageOf(recorded, approvalUrl);
  return {
    status: isPermitted(decision) ? 'passed' : 'failed',
    message,
    url,
    outcomes: outcomesOf(recorded, message, url),
  };
};
