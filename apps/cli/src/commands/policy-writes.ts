import { ROUTES } from '@verdict/contracts';
import { type Command, Option } from 'commander';
import { CliCommand } from '../cli-command.js';
import { wrongCall } from '../failure.js';
import { jsonTextOf } from '../input/json-text.js';
import { policyFileOf } from '../input/policy-file.js';
import type { Io } from '../io.js';
import { requiredReasonOf } from '../recorded.js';
import { openSession, parseCount, type Session } from '../session.js';
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
      const { message, at, from, ifMatch, challenger } = flags;
      const session = openSession(io, command);
      const members = {
        message: requiredReasonOf(session, message),
        effective_from: at ?? from,
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
    .argument('<version>', 'number of the older version')
    .option('--message <text>', 'why; has to be said, so or with --reason')
    .option('--if-match <version>', 'the version that this one follows (default: the one in force)')
    .about({
      reach: 'server',
      reason: '--message',
      examples: ['verdict policy rollback 12 --message "13 denies too much"'],
    })
    .action(async (version: string, { message, ifMatch }: RollbackFlags, command: Command) => {
      const session = openSession(io, command);
      const body = JSON.stringify({
        to_version: Number(parseCount(version, 'version')),
        message: requiredReasonOf(session, message),
      });
      const etag = await currentEtag(session, ifMatch);
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
    .argument('<version>', 'number of a version that was published with --percent')
    .requiredOption('--percent <n>', '1 to 100')
    .option(...IF_MATCH)
    .about({ reach: 'server', examples: ['verdict policy rollout 14 --percent 50'] })
    .action(async (version: string, { percent, ifMatch }: RolloutFlags, command: Command) => {
      const session = openSession(io, command);
      const body = JSON.stringify({ cohort_percent: percentOf(percent) });
      const params = { version: parseCount(version, 'version') };
      const etag = await etagOf(session, ifMatch, params);
      const client = await session.client();
      printPublished(session, await client.send(ROUTES.rollOutPolicy, { params, ifMatch: etag, body }));
    });

const cancelCommand = (io: Io): Command =>
  new CliCommand('cancel')
    .description('cancel a version that is scheduled, a challenger, or still rolling out')
    .argument('<version>', 'number of the version')
    .option(...IF_MATCH)
    .about({ reach: 'server', examples: ['verdict policy cancel 15'] })
    .action(async (version: string, { ifMatch }: Pick<RolloutFlags, 'ifMatch'>, command: Command) => {
      const session = openSession(io, command);
      const params = { version: parseCount(version, 'version') };
      const etag = await etagOf(session, ifMatch, params);
      const client = await session.client();
      printPublished(session, await client.send(ROUTES.cancelPolicy, { params, ifMatch: etag, body: '{}' }));
    });

export const POLICY_WRITES = [publishCommand, rollbackCommand, rolloutCommand, cancelCommand] as const;
