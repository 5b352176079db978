import { ROUTES } from '@verdict/contracts';
import type { Command } from 'commander';
import type { z } from 'zod';
import { CliCommand } from '../cli-command.js';
import { jsonTextOf } from '../input/json-text.js';
import { policyFileOf } from '../input/policy-file.js';
import { EXIT, type Io } from '../io.js';
import { openSession } from '../session.js';
import { VERSION_NAMES_HELP, versionNumbers } from './policy-names.js';

export type Validation = z.output<typeof ROUTES.validatePolicy.response>;
type Diff = z.output<typeof ROUTES.diffPolicies.response>;

/** What lets more pass than the policy in force, and what less. */
export const directions = ({ loosens, tightens }: Pick<Diff, 'loosens' | 'tightens'>): string =>
  [...loosens.map((path) => `loosens   ${path}\n`), ...tightens.map((path) => `tightens  ${path}\n`)].join('');

const validationText = (validation: Validation): string => {
  const { valid, errors, warnings, document_sha256: sha256 } = validation;
  const head = valid ? `valid, sha256 ${sha256 ?? ''}\n` : `${String(errors.length)} defects\n`;
  const defects = errors.map(({ pointer, detail }) => `error     ${pointer}: ${detail}\n`).join('');
  return `${head}${defects}${warnings.map(({ pointer, detail }) => `warning   ${pointer}: ${detail}\n`).join('')}${directions(validation)}`;
};

export const policyValidateCommand = (io: Io): Command =>
  new CliCommand('validate')
    .description('check a policy: every defect at once, what shadows what, and what it loosens')
    .argument('<file>', 'policy as JSON, - for standard input')
    .about({
      reach: 'server',
      exits: { 0: 'valid', 1: 'it has defects' },
      examples: ['verdict policy validate policy.json'],
    })
    .action(async (file: string, _flags: object, command: Command) => {
      const session = openSession(io, command);
      const body = `{"document":${jsonTextOf(await policyFileOf(io, file))}}`;
      const answer = await (await session.client()).send(ROUTES.validatePolicy, { body });
      session.printer.print({
        body: answer.body,
        text: () => validationText(answer.value),
        id: answer.value.document_sha256 ?? 'invalid',
      });
      io.exit(answer.value.valid ? EXIT.yes : EXIT.no);
    });

const valueText = (value: unknown): string => (value === undefined ? '-' : JSON.stringify(value));

const diffText = (diff: Diff): string => {
  const changes = diff.changes.map(
    ({ op, path, from, to }) => `${op.padEnd(8)}  ${path}: ${valueText(from)} -> ${valueText(to)}\n`,
  );
  const head = `version ${String(diff.from_version)} to ${String(diff.to_version)}: ${String(diff.changes.length)} changes\n`;
  return `${head}${changes.join('')}${directions(diff)}`;
};

export const policyDiffCommand = (io: Io): Command =>
  new CliCommand('diff')
    .description('what differs between two versions, and what of it loosens or tightens')
    .argument('<version>', 'number or name of a version, such as HEAD~1, the one before the one in force')
    .argument('[other]', 'the version it is compared with', 'HEAD')
    .about({
      reach: 'server',
      exits: { 0: 'the same', 1: 'they differ' },
      notes: VERSION_NAMES_HELP,
      examples: ['verdict policy diff 3 4', 'verdict policy diff HEAD~1', 'verdict policy diff in-force challenger'],
    })
    .action(async (version: string, other: string, _flags: object, command: Command) => {
      const session = openSession(io, command);
      const client = await session.client();
      const [from = '', to = ''] = await versionNumbers(client, [version, other]);
      const params = { version: from, other: to };
      const { value, body } = await client.send(ROUTES.diffPolicies, { params });
      const isSame = value.changes.length === 0;
      session.printer.print({ body, text: () => diffText(value), id: isSame ? 'same' : 'different' });
      io.exit(isSame ? EXIT.yes : EXIT.no);
    });
