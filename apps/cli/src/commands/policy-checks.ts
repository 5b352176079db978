import { ROUTES } from '@verdict/contracts';
import type { Command } from 'commander';
import type { z } from 'zod';
import { CliCommand } from '../cli-command.js';
import { wrongCall } from '../failure.js';
import type { Client } from '../http/client.js';
import { jsonTextOf } from '../input/json-text.js';
import { policyFileOf } from '../input/policy-file.js';
import { EXIT, type Io } from '../io.js';
import { openSession, parseCount } from '../session.js';

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

const HEAD = /^HEAD(?:~(0|[1-9][0-9]{0,8}))?$/;

/** `HEAD` is the version in force, `HEAD~1` the number before it. */
const numberOf = (version: string, inForce: number): string => {
  const head = HEAD.exec(version);
  if (head === null) return version;
  const number = inForce - Number(head[1] ?? 0);
  if (number < 1) throw wrongCall('version_invalid', `${version} lies before version 1`);
  return String(number);
};

/** Read once, so that both names speak of the same version. */
const versionPair = async (client: Client, version: string, other: string) => {
  const numbers = [version, other].filter((name) => !HEAD.test(name));
  for (const number of numbers) parseCount(number, 'version');
  const inForce = numbers.length < 2 ? (await client.send(ROUTES.getPolicy)).value.version : 0;
  return { version: numberOf(version, inForce), other: numberOf(other, inForce) };
};

export const policyDiffCommand = (io: Io): Command =>
  new CliCommand('diff')
    .description('what differs between two versions, and what of it loosens or tightens')
    .argument('<version>', 'number of a version; HEAD is the one in force, HEAD~1 the one before it')
    .argument('[other]', 'the version it is compared with', 'HEAD')
    .about({
      reach: 'server',
      exits: { 0: 'the same', 1: 'they differ' },
      examples: ['verdict policy diff 3 4', 'verdict policy diff HEAD~1'],
    })
    .action(async (version: string, other: string, _flags: object, command: Command) => {
      const session = openSession(io, command);
      const client = await session.client();
      const params = await versionPair(client, version, other);
      const { value, body } = await client.send(ROUTES.diffPolicies, { params });
      const isSame = value.changes.length === 0;
      session.printer.print({ body, text: () => diffText(value), id: isSame ? 'same' : 'different' });
      io.exit(isSame ? EXIT.yes : EXIT.no);
    });
