import { ROUTES } from '@verdict/contracts';
import { z } from 'zod';
import { facts, table } from '../output/table.js';
import type { Session } from '../session.js';
import { seenEtag } from './seen-etag.js';

export type PolicyVersion = z.output<typeof ROUTES.getPolicy.response>;

export const policyText = (policy: PolicyVersion): string =>
  facts([
    ['version', `${String(policy.version)}${policy.in_force ? ' (in force)' : ''}`],
    ['sha256', policy.document_sha256],
    ['author', policy.author],
    ['message', policy.message],
    ['published', policy.published_at],
    ['from', policy.effective_from],
    ['status', policy.status],
    [
      'rolled out',
      policy.rollout === null
        ? undefined
        : `${String(policy.rollout.cohort_percent)} % of projects (salt ${policy.rollout.salt})`,
    ],
    ['content of', policy.rolled_back_to === null ? undefined : `version ${String(policy.rolled_back_to)}`],
  ]);

const documentText = ({ document }: PolicyVersion): string => `${JSON.stringify(document, null, 2)}\n`;

const ModeMatrix = z.record(z.string(), z.record(z.string(), z.string()));

/** The mode of every source and class; a class that is not named has that of `default`. */
export const modesText = ({ document }: PolicyVersion): string =>
  table<readonly [string, string, string]>(
    [
      { title: 'SOURCE', value: ([source]) => source },
      { title: 'CLASS', value: ([, environmentClass]) => environmentClass },
      { title: 'MODE', value: ([, , mode]) => mode },
    ],
    Object.entries(ModeMatrix.parse(document['mode_matrix'])).flatMap(([source, modes]) =>
      Object.entries(modes).map(([environmentClass, mode]) => [source, environmentClass, mode] as const),
    ),
  );

export const printPolicy = (
  { printer }: Session,
  { value, body }: { readonly value: PolicyVersion; readonly body: unknown },
  restText: (policy: PolicyVersion) => string = documentText,
): void => {
  printer.print({ body, text: () => `${policyText(value)}\n${restText(value)}`, id: String(value.version) });
};

export const printPublished = (
  { printer }: Session,
  { value, body }: { readonly value: PolicyVersion; readonly body: unknown },
): void => {
  const note = value.unchanged === true ? 'unchanged: this text is in force already\n' : '';
  printer.print({ body, text: () => `${note}${policyText(value)}`, id: String(value.version) });
};

/** The body of a publication; `document` is JSON text and goes in as it was read, so that no number changes. */
export const publishBody = (members: Readonly<Record<string, unknown>>, document: string): string =>
  `${JSON.stringify(members).slice(0, -1)},"document":${document}}`;

/** What `If-Match` says: the newest version, as it was looked at. */
export const currentEtag = (session: Session, flag: string | undefined): Promise<string> =>
  seenEtag(session, flag, async (client) => {
    const { value, etag } = await client.send(ROUTES.getPolicy);
    return etag ?? `"${String(value.version)}"`;
  });
