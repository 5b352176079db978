import { ROUTES } from '@verdict/contracts';
import { Command } from 'commander';
import type { z } from 'zod';
import { CliCommand } from '../cli-command.js';
import { wrongCall } from '../failure.js';
import { readJsonInput } from '../input/input-file.js';
import { jsonTextOf } from '../input/json-text.js';
import { refuseUnwritable } from '../input/output-file.js';
import { writeSecret } from '../input/secret-file.js';
import { parseTime } from '../input/time.js';
import type { Io } from '../io.js';
import { facts } from '../output/table.js';
import { openSession, type Session } from '../session.js';
import { type ListFlags, printList, withPaging } from './lists.js';

type Integration = z.output<typeof ROUTES.createIntegration.response>;

const validText = (integration: Integration): string =>
  integration.secrets_in_force
    .map(({ ways, valid_until: until }) => `${ways.join(', ')}${until === null ? '' : ` until ${until}`}`)
    .join('; ');

const secretFacts = (integration: Integration, secretsOut: string | undefined) => {
  const { secrets } = integration;
  if (secrets === null || secrets === undefined || Object.keys(secrets).length === 0) return [];
  if (secretsOut !== undefined) return [['secrets', `written to ${secretsOut}`] as const];
  return [
    ['bearer', secrets.bearer] as const,
    ['path', secrets.path_base64url] as const,
    ['path in base32', secrets.path_base32] as const,
    ['HMAC key', secrets.hmac_key] as const,
  ];
};

const integrationText = (integration: Integration, secretsOut?: string): string =>
  facts([
    ['integration', `${integration.name} (${integration.kind}, ${integration.status})`],
    ['id', integration.integration_id],
    ['of', integration.terms.kind === 'k8s' ? integration.terms.cluster_id : integration.terms.address],
    ['in force', validText(integration)],
    ...secretFacts(integration, secretsOut),
    ['created', `${integration.created_at} by ${integration.created_by}`],
  ]);

/** Secrets are answered once. Kept in a file they are not shown at all. */
const printIntegration = async (
  session: Session,
  { value, body }: { readonly value: Integration; readonly body: unknown },
  secretsOut: string | undefined,
): Promise<void> => {
  const secrets = value.secrets ?? null;
  const isKept = secretsOut !== undefined && secrets !== null;
  if (isKept)
    await writeSecret(session.io, secretsOut, JSON.stringify(secrets), '`verdict integration rotate` makes new ones');
  const shown = isKept && typeof body === 'object' ? { ...body, secrets: null } : body;
  session.printer.print({
    body: shown,
    text: () => integrationText(value, isKept ? secretsOut : undefined),
    id: value.integration_id,
  });
};

const listCommand = (io: Io): Command =>
  withPaging(new CliCommand('list').description('clusters and Terraform installations that may ask, newest first'))
    .about({ reach: 'server', examples: ['verdict integration list'] })
    .action((flags: ListFlags, command: Command) =>
      printList(openSession(io, command), ROUTES.listIntegrations, {
        flags,
        query: {},
        isWhole: true,
        idOf: ({ integration_id: id }) => id,
        columns: [
          { title: 'NAME', value: ({ name }) => name },
          { title: 'KIND', value: ({ kind }) => kind },
          { title: 'STATUS', value: ({ status }) => status },
          { title: 'IN FORCE', value: validText },
          { title: 'ID', value: ({ integration_id: id }) => id },
        ],
      }),
    );

/** Said before anything is sent: what --quiet leaves is the id, and what it would drop cannot be had again. */
const checkSecrets = async ({ io, printer }: Session, secretsOut: string | undefined): Promise<void> => {
  await refuseUnwritable(io, secretsOut);
  if (printer.isQuiet && secretsOut === undefined)
    throw wrongCall('usage', '-q would lose the secrets, which are shown once', 'name a file with --secrets-out');
};
const QUIET = '-q needs --secrets-out: it leaves the id, and secrets are shown once.';

interface SecretFlags {
  readonly secretsOut?: string;
}
const withSecretsOut = (command: CliCommand): CliCommand =>
  command.option(
    '--secrets-out <file>',
    'write the secrets, as JSON, to a file that only you can read, and print none',
  );

const createCommand = (io: Io): Command =>
  withSecretsOut(new CliCommand('create'))
    .description('let a cluster or a Terraform installation ask; its secrets are shown once')
    .argument('<file>', 'terms as JSON (docs/integrations), - for standard input')
    .about({
      reach: 'server',
      notes: QUIET,
      examples: ['verdict integration create run-task.json --secrets-out hcp.secrets'],
    })
    .action(async (file: string, { secretsOut }: SecretFlags, command: Command) => {
      const session = openSession(io, command);
      await checkSecrets(session, secretsOut);
      const body = jsonTextOf(await readJsonInput(io, file));
      await printIntegration(
        session,
        await (await session.client()).send(ROUTES.createIntegration, { body }),
        secretsOut,
      );
    });

interface RotateFlags extends SecretFlags {
  readonly previousUntil?: string;
  readonly clientKey?: string;
  readonly retirePrevious?: boolean;
}
const rotationOf = ({ previousUntil, clientKey, retirePrevious }: RotateFlags): object => {
  if (retirePrevious === true && (previousUntil !== undefined || clientKey !== undefined))
    throw wrongCall('usage', '--retire-previous ends a secret and makes none', 'give it alone');
  return {
    previous_valid_until: previousUntil === undefined ? undefined : parseTime(previousUntil, '--previous-until'),
    client_key_sha256: clientKey,
    retire_previous: retirePrevious,
  };
};

const rotateCommand = (io: Io): Command =>
  withSecretsOut(new CliCommand('rotate'))
    .description('new secrets beside those in use; two are valid until the older one ends')
    .argument('<integration>', 'its id')
    .option('--previous-until <time>', 'when the secrets in use end (default: with the next rotation)')
    .option('--client-key <sha256>', 'public key of the new client certificate')
    .option('--retire-previous', 'make no secret, but end the older of two now')
    .about({
      reach: 'server',
      notes: QUIET,
      examples: ['verdict integration rotate ID --previous-until 2026-12-01T00:00:00Z'],
    })
    .action(async (id: string, flags: RotateFlags, command: Command) => {
      const body = JSON.stringify(rotationOf(flags));
      const session = openSession(io, command);
      if (flags.retirePrevious !== true) await checkSecrets(session, flags.secretsOut);
      const client = await session.client();
      const answer = await client.send(ROUTES.rotateIntegration, { params: { integration_id: id }, body });
      await printIntegration(session, answer, flags.secretsOut);
    });

const revokeCommand = (io: Io): Command =>
  new CliCommand('revoke')
    .description('end an integration and all its secrets')
    .argument('<integration>', 'its id')
    .about({ reach: 'server', examples: ['verdict integration revoke 0193a7c4-0000-7000-8000-000000000007'] })
    .action(async (id: string, _flags: object, command: Command) => {
      const session = openSession(io, command);
      const client = await session.client();
      const answer = await client.send(ROUTES.revokeIntegration, { params: { integration_id: id }, body: '{}' });
      await printIntegration(session, answer, undefined);
    });

/** `verdict integration`: who may ask without a token. */
export const integrationCommand = (io: Io): Command => {
  const group = new Command('integration').description('clusters and Terraform installations that may ask');
  for (const create of [listCommand, createCommand, rotateCommand, revokeCommand]) group.addCommand(create(io));
  return group;
};
