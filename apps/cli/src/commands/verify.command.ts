import { lstat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseVkey, type Report, textReport, verifyBundle, type VerifyOptions } from '@verdict/ledger';
import type { Command } from 'commander';
import { CliCommand } from '../cli-command.js';
import { wrongCall } from '../failure.js';
import { readInput, unreadable } from '../input/input-file.js';
import { EXIT, type ExitCode, type Io } from '../io.js';
import { openSession, parseCount } from '../session.js';
import { isSame, replayBody, replayBundle, replayText } from './replay.command.js';

const EXITS = { intact: EXIT.yes, not_intact: EXIT.no, cannot_check: EXIT.wrongCall } as const satisfies Record<
  Report['result'],
  ExitCode
>;

interface VerifyFlags {
  readonly trust: readonly string[];
  readonly witness?: readonly string[];
  readonly quorum?: string;
  readonly previous?: string;
  readonly rederive?: boolean;
}

const isVkey = (text: string): boolean => parseVkey(text).kind === 'vkey';

/** A key, or a file of keys: one a line, the key is its last word; empty lines and # are passed over. */
const keysOf = async (io: Io, keyOrFile: string): Promise<readonly string[]> => {
  if (isVkey(keyOrFile)) return [keyOrFile];
  const isLikeKey = /^[^\s+/\\]+\+[0-9a-f]{8}\+/.test(keyOrFile);
  if (isLikeKey) throw wrongCall('vkey_invalid', `not a verifier key: ${keyOrFile}`, 'a character is wrong or missing');
  const lines = Buffer.from(await readInput(io, keyOrFile))
    .toString('utf8')
    .split('\n');
  const keys = lines
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/\s+/).at(-1) ?? '');
  const bad = keys.find((key) => !isVkey(key));
  if (bad !== undefined || keys.length === 0) {
    throw wrongCall(
      'vkey_invalid',
      `${keyOrFile} holds ${bad === undefined ? 'no key' : `a line that is no verifier key: ${bad}`}`,
    );
  }
  return keys;
};

const allKeys = async (io: Io, given: readonly string[]): Promise<readonly string[]> => {
  const lists = await Promise.all(given.map((each) => keysOf(io, each)));
  return [...new Set(lists.flat())];
};

/** A folder or a ZIP is a bundle; anything else is a checkpoint that somebody kept. */
const previousOf = async (io: Io, path: string): Promise<NonNullable<VerifyOptions['previous']>> => {
  const full = resolve(io.cwd, path);
  const found = await lstat(full).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (found.isDirectory()) return { bundle: full };
  const bytes = await readInput(io, path);
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  return isZip ? { bundle: full } : { checkpoints: [Buffer.from(bytes).toString('utf8')] };
};

const optionsOf = async (io: Io, flags: VerifyFlags): Promise<VerifyOptions> => ({
  trust: await allKeys(io, flags.trust),
  ...(flags.witness === undefined ? {} : { witnesses: await allKeys(io, flags.witness) }),
  ...(flags.quorum === undefined ? {} : { quorum: Number(parseCount(flags.quorum, '--quorum')) }),
  ...(flags.previous === undefined ? {} : { previous: await previousOf(io, flags.previous) }),
});

/** `verdict verify`: offline and read-only. The exit code is the answer, the report is the evidence. */
export const verifyCommand = (io: Io): Command =>
  new CliCommand('verify')
    .description('check an export bundle offline: no network, no server, no secret')
    .argument('<path>', 'bundle, as a ZIP file or a folder')
    .requiredOption(
      '--trust <vkey|file...>',
      'public key of the log, or a file of such keys; not taken from the bundle',
    )
    .option('--witness <vkey|file...>', 'public keys of witnesses')
    .option('--quorum <n>', 'how many witnesses must have signed every checkpoint')
    .option('--previous <file>', 'an earlier bundle or checkpoint of this log: finds truncation and forks')
    .option('--rederive', 'of an intact bundle, decide every decision again and compare (check 15)')
    .about({
      reach: 'files',
      exits: {
        0: 'intact',
        1: 'not intact: the first bad place is named; with --rederive also: a decision comes out differently',
        2: 'called wrongly, or cannot check',
      },
      notes: 'With --rederive the bundle has to begin with the first entries.',
      examples: [
        "verdict verify bundle.zip --trust 'verdict.local+1a2b3c4d+AbC...='",
        'verdict verify bundle.zip --trust vkeys.txt --previous last-month.zip -o json',
      ],
    })
    .action(async (path: string, flags: VerifyFlags, command: Command) => {
      const session = openSession(io, command);
      const report = await verifyBundle(resolve(io.cwd, path), await optionsOf(io, flags));
      // What was tampered with says nothing about how it was decided.
      const isRederived = flags.rederive === true && report.result === 'intact';
      const again = isRederived ? await replayBundle(session, path) : null;
      const body = { schema: 'verdict.verify.report.v1', ...report };
      session.printer.print({
        body: again === null ? body : { ...body, rederivation: replayBody(again) },
        text: () => `${textReport(report)}${again === null ? '' : replayText(again)}`,
        id: report.result,
      });
      io.exit(again === null || isSame(again) ? EXITS[report.result] : EXIT.no);
    });
