import { ROUTES } from '@verdict/contracts';
import { type Command, Option } from 'commander';
import { CliCommand } from '../cli-command.js';
import { CliFailure, wrongCall } from '../failure.js';
import { jsonTextOf } from '../input/json-text.js';
import { policyFileOf } from '../input/policy-file.js';
import { parseTime } from '../input/time.js';
import type { Io } from '../io.js';
import { requiredReasonOf } from '../recorded.js';
import { openSession, parseCount, type Session } from '../session.js';
import { checkVersionNames, VERSION_NAMES_HELP, versionParams } from './policy-names.js';
import { currentEtag, printPublished, publishBody } from './policy-text.js';
import { seenEtag } from './seen-etag.js';

interface RollbackFlags {
  readonly message?: string;
  readonly ifMatch?: string;
}
interface PublishFlags extends RollbackFlags {
  readonly at?: string;
  readonly from?: string;
  readonly percent?: string;
  readonly salt?: string;
  readonly challenger?: boolean;
}

const percentOf = (text: string): number => {
  const percent = Number(parseCount(text, '--percent'));
  if (percent > 100) throw wrongCall('percent_invalid', `--percent is at most 100: ${text}`);
  return percent;
};

/** `--from` is an older spelling of `--at`. */
const effectiveFromOf = ({ at, from }: PublishFlags): string | undefined => {
  const time = at ?? from;
  return time === undefined ? undefined : parseTime(time, '--at');
};

const rolloutOf = ({ percent, salt }: PublishFlags): object | undefined => {
  if (percent === undefined && salt === undefined) return undefined;
  if (percent === undefined || salt === undefined)
    throw wrongCall('usage', '--percent and --salt go together', 'the salt says which projects are the first');
  return { cohort_percent: percentOf(percent), salt };
};

export const publishCommand = (io: Io): Command =>
  new CliCommand('publish')
    .description('publish a policy version')
    .argument('<file>', 'policy as JSON, - for standard input; what it omits is the default')
    .option('--message <text>', 'why; has to be said, so or with --reason')
    .option('--at <time>', 'in force from then, such as 2026-12-01T00:00:00Z (default: now)')
    .addOption(new Option('--from <time>', 'older spelling of --at').hideHelp())
    .option('--percent <n>', 'for a part of the projects first; `policy rollout` widens it')
    .option('--salt <text>', 'with --percent: decides which projects are the first')
    .option('--challenger', 'evaluated beside the one in force, and never decides')
    .option('--if-match <version>', 'the version that this one follows (default: the one in force)')
    .about({
      reach: 'server',
      reason: '--message',
      examples: [
        'verdict policy validate policy.json && verdict policy publish policy.json --message "approval from 500"',
      ],
    })
    .action(async (file: string, flags: PublishFlags, command: Command) => {
      const { message, ifMatch, challenger } = flags;
      const session = openSession(io, command);
      const members = {
        message: requiredReasonOf(session, message),
        effective_from: effectiveFromOf(flags),
        rollout: rolloutOf(flags),
        role: challenger === true ? 'challenger' : undefined,
      };
      const body = publishBody(members, jsonTextOf(await policyFileOf(io, file)));
      const etag = await currentEtag(session, ifMatch);
      printPublished(session, await (await session.client()).send(ROUTES.publishPolicy, { ifMatch: etag, body }));
    });

export const rollbackCommand = (io: Io): Command =>
  new CliCommand('rollback')
    .description('publish the text of an older version again')
    .argument('<version>', 'number or name of the older version')
    .option('--message <text>', 'why; has to be said, so or with --reason')
    .option('--if-match <version>', 'the version that this one follows (default: the one in force)')
    .about({
      reach: 'server',
      reason: '--message',
      notes: VERSION_NAMES_HELP,
      examples: [
        'verdict policy rollback 12 --message "13 denies too much"',
        'verdict policy rollback HEAD~1 --message "denies too much"',
      ],
    })
    .action(async (version: string, { message, ifMatch }: RollbackFlags, command: Command) => {
      const session = openSession(io, command);
      const reason = requiredReasonOf(session, message);
      checkVersionNames([version]);
      // Before the name is looked up: what is published in between moves HEAD, and is refused by the tag.
      const etag = await currentEtag(session, ifMatch);
      const params = await versionParams(await session.reader(), version);
      const body = JSON.stringify({ to_version: Number(params.version), message: reason });
      printPublished(session, await (await session.client()).send(ROUTES.rollBackPolicy, { ifMatch: etag, body }));
    });

interface RolloutFlags {
  readonly percent: string;
  readonly ifMatch?: string;
}
const IF_MATCH = ['--if-match <etag>', 'the ETag of the version as you saw it (default: as it is now)'] as const;

const etagOf = (session: Session, flag: string | undefined, params: { readonly version: string }): Promise<string> =>
  seenEtag(session, flag, async (client) => {
    const { etag } = await client.send(ROUTES.getPolicyVersion, { params });
    return etag ?? `"${params.version}"`;
  });

const rolloutCommand = (io: Io): Command =>
  new CliCommand('rollout')
    .description('widen or narrow the part of the projects that a version decides for')
    .argument('<version>', 'number or name of a version that was published with --percent')
    .requiredOption('--percent <n>', '1 to 100')
    .option(...IF_MATCH)
    .about({
      reach: 'server',
      notes: VERSION_NAMES_HELP,
      examples: ['verdict policy rollout 14 --percent 50', 'verdict policy rollout sha256:9a31c0 --percent 50'],
    })
    .action(async (version: string, { percent, ifMatch }: RolloutFlags, command: Command) => {
      const session = openSession(io, command);
      const body = JSON.stringify({ cohort_percent: percentOf(percent) });
      const params = await versionParams(await session.reader(), version);
      const etag = await etagOf(session, ifMatch, params);
      const client = await session.client();
      printPublished(session, await client.send(ROUTES.rollOutPolicy, { params, ifMatch: etag, body }));
    });

/** What has decided already is in the ledger: it is followed, and not taken back. */
const insteadOfCancel = (error: unknown): never => {
  const isAboutVersion =
    error instanceof CliFailure && error.facts.errors?.some(({ pointer }) => pointer === '/version');
  if (isAboutVersion !== true) throw error;
  throw new CliFailure(error.exit, {
    ...error.facts,
    detail: '`verdict policy rollback VERSION --message TEXT` puts the text of an older version in force again',
  });
};

const cancelCommand = (io: Io): Command =>
  new CliCommand('cancel')
    .description('cancel a version that is scheduled, a challenger, or still rolling out')
    .argument('<version>', 'number or name of the version')
    .option(...IF_MATCH)
    .about({
      reach: 'server',
      notes: VERSION_NAMES_HELP,
      examples: ['verdict policy cancel 15', 'verdict policy cancel challenger'],
    })
    .action(async (version: string, { ifMatch }: Pick<RolloutFlags, 'ifMatch'>, command: Command) => {
      const session = openSession(io, command);
      const params = await versionParams(await session.reader(), version);
      const etag = await etagOf(session, ifMatch, params);
      const client = await session.client();
      const answer = await client
        .send(ROUTES.cancelPolicy, { params, ifMatch: etag, body: '{}' })
        .catch(insteadOfCancel);
      printPublished(session, answer);
    });

export const POLICY_WRITES = [publishCommand, rollbackCommand, rolloutCommand, cancelCommand] as const;
