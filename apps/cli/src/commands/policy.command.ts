import { ROUTES } from '@verdict/contracts';
import { Command } from 'commander';
import type { z } from 'zod';
import { jsonTextOf } from '../input/json-text.js';
import { policyFileOf } from '../input/policy-file.js';
import type { Io } from '../io.js';
import { facts, table } from '../output/table.js';
import { policyTestCommand } from './policy-test.command.js';
import { openSession, parseCount, type Session, withGlobals } from '../session.js';

type PolicyVersion = z.output<typeof ROUTES.getPolicy.response>;

const policyText = (policy: PolicyVersion): string =>
  facts([
    ['version', `${String(policy.version)}${policy.in_force ? ' (in force)' : ''}`],
    ['sha256', policy.document_sha256],
    ['author', policy.author],
    ['message', policy.message],
    ['published', policy.published_at],
    ['from', policy.effective_from],
    ['content of', policy.rolled_back_to === null ? undefined : `version ${String(policy.rolled_back_to)}`],
  ]);

const printPolicy = (
  { printer }: Session,
  { value, body }: { readonly value: PolicyVersion; readonly body: unknown },
): void => {
  const document = (): string => `${JSON.stringify(value.document, null, 2)}\n`;
  printer.print({ body, text: () => `${policyText(value)}\n${document()}`, id: String(value.version) });
};

const printPublished = (
  { printer }: Session,
  { value, body }: { readonly value: PolicyVersion; readonly body: unknown },
): void => {
  const note = value.unchanged === true ? 'unchanged: this text is in force already\n' : '';
  printer.print({ body, text: () => `${note}${policyText(value)}`, id: String(value.version) });
};

/** What `If-Match` says: the version that was looked at. */
export const currentEtag = async (session: Session, flag: string | undefined): Promise<string> => {
  if (flag !== undefined) return /^[0-9]+$/.test(flag) ? `"${flag}"` : flag;
  const client = await session.client();
  if (client.isDryRun) return '"<version in force>"';
  const { value, etag } = await client.send(ROUTES.getPolicy);
  return etag ?? `"${String(value.version)}"`;
};

const showCommand = (io: Io): Command =>
  new Command('show')
    .description('the policy in force, or an older version')
    .argument('[version]', 'number of a version')
    .action(async (version: string | undefined, _flags: object, command: Command) => {
      const session = openSession(io, command);
      const client = await session.client();
      const answer =
        version === undefined
          ? await client.send(ROUTES.getPolicy)
          : await client.send(ROUTES.getPolicyVersion, { params: { version: parseCount(version, 'version') } });
      printPolicy(session, answer);
    });

const listCommand = (io: Io): Command =>
  new Command('list').description('all versions, newest first').action(async (_flags: object, command: Command) => {
    const session = openSession(io, command);
    const { value, body } = await (await session.client()).send(ROUTES.listPolicyVersions);
    const text = (): string =>
      table<PolicyVersion>(
        [
          { title: 'VERSION', value: ({ version }) => String(version), isNumber: true },
          { title: 'IN FORCE', value: (policy) => (policy.in_force ? 'yes' : '') },
          { title: 'PUBLISHED', value: ({ published_at: at }) => at },
          { title: 'AUTHOR', value: ({ author }) => author },
          { title: 'MESSAGE', value: ({ message }) => message },
        ],
        value.items,
      );
    if (session.printer.isQuiet) io.stdout(value.items.map(({ version }) => `${String(version)}\n`).join(''));
    else session.printer.print({ body, text });
  });

interface PublishFlags {
  readonly message: string;
  readonly from?: string;
  readonly ifMatch?: string;
}

const publishCommand = (io: Io): Command =>
  new Command('publish')
    .description('publish a policy version')
    .argument('<file>', 'policy as JSON, - for standard input; what it omits is the default')
    .requiredOption('--message <text>', 'why')
    .option('--from <time>', 'in force from then, such as 2026-12-01T00:00:00Z (default: now)')
    .option('--if-match <version>', 'the version that this one follows (default: the one in force)')
    .addHelpText(
      'after',
      '\nExample:\n  verdict policy validate policy.json && verdict policy publish policy.json --message "approval from 500"\n',
    )
    .action(async (file: string, { message, from, ifMatch }: PublishFlags, command: Command) => {
      const session = openSession(io, command);
      const document = jsonTextOf(await policyFileOf(io, file));
      const rest = JSON.stringify({ message, effective_from: from });
      const etag = await currentEtag(session, ifMatch);
      const client = await session.client();
      printPublished(
        session,
        await client.send(ROUTES.publishPolicy, {
          ifMatch: etag,
          body: `${rest.slice(0, -1)},"document":${document}}`,
        }),
      );
    });

type Validation = z.output<typeof ROUTES.validatePolicy.response>;

const placed = (mark: string, { pointer, detail }: { readonly pointer: string; readonly detail: string }): string =>
  `${mark} ${pointer === '' ? '/' : pointer}: ${detail}\n`;

const validationText = ({ valid, document_sha256: hash, errors, warnings, loosens }: Validation): string =>
  [
    valid
      ? `valid, sha256 ${hash ?? ''}\n`
      : `${String(errors.length)} ${errors.length === 1 ? 'defect' : 'defects'}\n`,
    ...errors.map((each) => placed('error', each)),
    ...warnings.map((each) => placed('warning', each)),
    ...loosens.map((path) => `looser than in force: ${path}\n`),
  ].join('');

const validateCommand = (io: Io): Command =>
  new Command('validate')
    .description('check a policy; every defect at once')
    .argument('<file>', 'policy as JSON, - for standard input')
    .action(async (file: string, _flags: object, command: Command) => {
      const session = openSession(io, command);
      const body = `{"document":${jsonTextOf(await policyFileOf(io, file))}}`;
      const answer = await (await session.client()).send(ROUTES.validatePolicy, { body });
      const { value } = answer;
      session.printer.print({
        body: answer.body,
        text: () => validationText(value),
        id: value.document_sha256 ?? 'defective',
      });
      if (!value.valid) io.exit(1);
    });

const rollbackCommand = (io: Io): Command =>
  new Command('rollback')
    .description('publish the text of an older version again')
    .argument('<version>', 'number of the older version')
    .requiredOption('--message <text>', 'why')
    .option('--if-match <version>', 'the version that this one follows (default: the one in force)')
    .action(async (version: string, { message, ifMatch }: PublishFlags, command: Command) => {
      const session = openSession(io, command);
      const body = JSON.stringify({ to_version: Number(parseCount(version, 'version')), message });
      const etag = await currentEtag(session, ifMatch);
      printPublished(session, await (await session.client()).send(ROUTES.rollBackPolicy, { ifMatch: etag, body }));
    });

/** `verdict policy`: versions of the rules. */
export const policyCommand = (io: Io): Command => {
  const group = new Command('policy').description('the rules, as versions');
  for (const create of [showCommand, listCommand, validateCommand, policyTestCommand, publishCommand, rollbackCommand])
    group.addCommand(withGlobals(create(io)));
  return group;
};
