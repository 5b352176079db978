import { ROUTES } from '@verdict/contracts';
import { isRawList, isRawObject, memberOf, type RawJson } from '@verdict/domain';
import type { Command } from 'commander';
import type { z } from 'zod';
import { CliCommand } from '../cli-command.js';
import { wrongCall } from '../failure.js';
import { itemSchemaOf } from '../http/schemas.js';
import { readJsonInput } from '../input/input-file.js';
import { jsonTextOf } from '../input/json-text.js';
import { EXIT, type ExitCode, type Io } from '../io.js';
import { table } from '../output/table.js';
import { openSession } from '../session.js';
import { EXITS, nextStep, verdictText } from './verdict-text.js';

type Review = z.output<typeof ROUTES.reviewAdmission.response>;
type Batch = z.output<typeof ROUTES.gateBatch.response>;
type Member = Batch['items'][number];

type AuditKey = keyof NonNullable<Review['response']['auditAnnotations']>;
const annotationOf = ({ response }: Review, name: AuditKey): string | undefined => response.auditAnnotations?.[name];

const reviewExit = (review: Review): ExitCode => {
  if (review.response.allowed) return EXIT.yes;
  return annotationOf(review, 'approval-required') === 'true' ? EXIT.personNeeded : EXIT.no;
};

const reviewText = (review: Review): string => {
  const { uid, allowed, status, warnings = [] } = review.response;
  const decision = annotationOf(review, 'decision') ?? (allowed ? 'ALLOW' : 'DENY');
  const reasons = annotationOf(review, 'reason-codes') ?? status?.message ?? '';
  return `${decision} ${reasons} uid ${uid}\n${warnings.map((warning) => `warning  ${warning}\n`).join('')}`;
};

/** `gate admission --review F`: what the API server would be told, asked by hand. */
export const admissionCommand = (io: Io): Command =>
  new CliCommand('admission')
    .description('what a Kubernetes API server would be told about an AdmissionReview')
    .requiredOption('--review <file>', 'AdmissionReview v1 as JSON, - for standard input')
    .about({
      reach: 'server',
      exits: { 0: 'allowed', 1: 'denied', 3: 'an approval is needed' },
      notes: 'The token is the bearer secret of the integration of that cluster.',
      examples: ['verdict gate admission --review review.json --token-file cluster.secret'],
    })
    .action(async ({ review: path }: { readonly review: string }, command: Command) => {
      const session = openSession(io, command);
      const review = await readJsonInput(io, path);
      const client = await session.client();
      const { value, body } = await client.send(ROUTES.reviewAdmission, {
        body: jsonTextOf(review),
        isKeyDerived: true,
      });
      session.printer.print({
        body,
        text: () => reviewText(value),
        id: annotationOf(value, 'decision-id') ?? value.response.uid,
      });
      io.exit(reviewExit(value));
    });

/** An event around its data becomes the data with the event beside it: the one form that is plain JSON. */
const plainEvent = (event: RawJson, path: string): RawJson => {
  if (!isRawObject(event)) throw wrongCall('event_invalid', `${path} is no event: it must be a JSON object`);
  if (memberOf(event, 'cloud_event') !== undefined) return event;
  const { data, ...attributes } = event;
  if (!isRawObject(data)) throw wrongCall('event_invalid', `${path} is no event whose data is an object`);
  return { ...data, cloud_event: attributes };
};

/** `gate event --event F` */
export const eventCommand = (io: Io): Command =>
  new CliCommand('event')
    .description('may the change go ahead that this CloudEvent asks for?')
    .requiredOption('--event <file>', 'CloudEvents 1.0 as JSON (structured), - for standard input')
    .about({
      reach: 'server',
      exits: { 0: 'ALLOW', 1: 'DENY', 3: 'REQUIRE_APPROVAL' },
      examples: ['verdict gate event --event event.json'],
    })
    .action(async ({ event: path }: { readonly event: string }, command: Command) => {
      const session = openSession(io, command);
      const body = jsonTextOf(plainEvent(await readJsonInput(io, path), path));
      const answer = await (await session.client()).send(ROUTES.gateCloudEvent, { body, isKeyDerived: true });
      const text = (): string => verdictText(answer.value, session.printer);
      session.printer.print({ body: answer.body, text, id: answer.value.decision_id });
      session.printer.hint(nextStep(answer.value));
      io.exit(EXITS[answer.value.decision]);
    });

const memberExit = ({ verdict }: Member): ExitCode => (verdict === null ? EXIT.refused : EXITS[verdict.decision]);

/** The worst of all: refused, denied, somebody is needed, fine. */
const batchExit = ({ items }: Batch): ExitCode => {
  const exits = items.map(memberExit);
  return [EXIT.refused, EXIT.no, EXIT.personNeeded].find((exit) => exits.includes(exit)) ?? EXIT.yes;
};

const batchText = ({ items }: Batch): string =>
  table<Member>(
    [
      { title: '#', value: ({ index }) => String(index), isNumber: true },
      { title: 'DECISION', value: ({ verdict }) => verdict?.decision ?? 'refused' },
      { title: 'ID', value: ({ verdict }) => verdict?.decision_id ?? '-' },
      {
        title: 'REASONS',
        value: ({ verdict, problem }) => verdict?.reason_codes.join(', ') ?? problem?.code ?? '',
      },
    ],
    items,
  );

/** `gate batch --event F` */
export const batchCommand = (io: Io): Command =>
  new CliCommand('batch')
    .description('several changes at once, decided in order')
    .requiredOption('--event <file>', 'list of questions with their source, or {items, atomic}; - for standard input')
    .option('--atomic', 'all or none')
    .about({
      reach: 'server',
      exits: {
        0: 'all are permitted',
        1: 'one is denied',
        3: 'one needs an approval',
        4: 'one is refused, or all are',
      },
      notes:
        'Without --idempotency-key the keys of the questions follow from what they ask: the same command again gets the same answers while they last. With one the batch is one command: its first answers for that key, for good.',
      examples: [
        'verdict gate batch --event changes.json --atomic',
        'verdict gate batch --event changes.json --idempotency-key "nightly-$CI_PIPELINE_ID"',
      ],
    })
    .action(
      async ({ event: path, atomic }: { readonly event: string; readonly atomic?: boolean }, command: Command) => {
        const session = openSession(io, command);
        const raw = await readJsonInput(io, path);
        const asked = isRawList(raw) ? { items: raw } : raw;
        const body = jsonTextOf(atomic === true && isRawObject(asked) ? { ...asked, atomic: true } : asked);
        const answer = await (await session.client()).send(ROUTES.gateBatch, { body, isKeyDerived: true });
        session.printer.print({
          body: answer.body,
          text: () => batchText(answer.value),
          itemSchema: itemSchemaOf(ROUTES.gateBatch),
          id: answer.value.items.map(({ verdict }) => verdict?.decision_id ?? '-').join('\n'),
        });
        io.exit(batchExit(answer.value));
      },
    );
