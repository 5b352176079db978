import { createHash } from 'node:crypto';
import { PLAN_BODY_BYTES_MAX } from '@verdict/contracts';
import {
  isRawList,
  isRawObject,
  memberOf,
  type Plan,
  type RawJson,
  readPlan,
  readResourceChanges,
  reducePlan,
} from '@verdict/domain';
import type { Command } from 'commander';
import { type CliFailure, wrongCall } from '../failure.js';
import type { Io } from '../io.js';
import { parseJsonInput, readInput, STDIN } from './input-file.js';
import { jsonTextOf } from './json-text.js';

/** A plan, ready to be sent: without what is secret and without what pricing does not ask. */
export interface PlanFile {
  /** As it was read; it stays on this machine. */
  readonly plan: Plan;
  /** The member of a gate body that it goes into. */
  readonly member: 'plan' | 'resource_changes';
  /** JSON text of that member, reduced. */
  readonly text: string;
  /** SHA-256 of the bytes that were read, lower hex: what was planned, not what was sent. null: no whole plan was read. */
  readonly sha256: string | null;
  /** Addresses by their SHA-256. The ledger has the hashes; the names stay here. */
  readonly addresses: ReadonlyMap<string, string>;
}

/** Members around the plan in a body; the server counts the whole body. */
const REST_OF_BODY_BYTES = 128 * 1024;

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

const notAPlan = (raw: RawJson, path: string, detail: string): CliFailure => {
  const name = path === STDIN ? 'standard input' : path;
  const isState = memberOf(raw, 'values') !== undefined || memberOf(raw, 'lineage') !== undefined;
  const isRunLog = memberOf(raw, '@level') !== undefined;
  const hint = isState
    ? 'it looks like a state: save a plan with `terraform plan -out FILE`, then print it with `terraform show -json FILE`'
    : isRunLog
      ? 'it looks like the log of `terraform plan -json`: `terraform show -json FILE` prints the plan'
      : 'make it with `terraform plan -out FILE` and `terraform show -json FILE`';
  return wrongCall('plan_invalid', `${name} is not a Terraform plan: ${detail}`, hint);
};

const addressesOf = ({ changes, deferred }: Plan): ReadonlyMap<string, string> =>
  new Map([...changes, ...deferred].map(({ identity }) => [sha256(identity), identity]));

const sizeText = (bytes: number): string => `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;

/** The server counts the whole body. */
const refuseLarge = (text: string, changes: RawJson | undefined): void => {
  const size = Buffer.byteLength(text);
  const sizeMax = PLAN_BODY_BYTES_MAX - REST_OF_BODY_BYTES;
  if (size <= sizeMax) return;
  const count = isRawList(changes) ? changes.length : 0;
  throw wrongCall(
    'plan_too_large',
    `the plan has ${String(count)} changes, ${sizeText(size)} once reduced; at most ${sizeText(sizeMax)} can be sent`,
    'split the configuration, or ask per part with `terraform plan -target`',
  );
};

/** Reads a plan from a file or standard input, checks that it is one, and takes out what need not leave the machine. */
const readPlanFile = async (io: Io, path: string): Promise<PlanFile> => {
  const bytes = await readInput(io, path);
  const raw = parseJsonInput(bytes, path);
  const reading = readPlan(raw);
  if (reading.kind === 'problem') throw notAPlan(raw, path, `${reading.pointer} ${reading.detail}`.trim());
  const text = jsonTextOf(reducePlan(raw));
  refuseLarge(text, memberOf(raw, 'resource_changes'));
  const { plan } = reading;
  return { plan, member: 'plan', text, sha256: sha256(bytes), addresses: addressesOf(plan) };
};

/** The same for a bare list, as `jq .resource_changes` leaves it. */
const readChangesFile = async (io: Io, path: string): Promise<PlanFile> => {
  const raw = parseJsonInput(await readInput(io, path), path);
  const reading = readResourceChanges(raw);
  if (reading.kind === 'problem') {
    const name = path === STDIN ? 'standard input' : path;
    const hint = isRawObject(raw) ? 'a whole plan goes with --plan' : undefined;
    throw wrongCall('plan_invalid', `${name} holds no resource_changes: ${reading.pointer} ${reading.detail}`, hint);
  }
  const text = jsonTextOf(memberOf(reducePlan({ resource_changes: raw }), 'resource_changes') ?? raw);
  refuseLarge(text, raw);
  const { plan } = reading;
  return { plan, member: 'resource_changes', text, sha256: null, addresses: addressesOf(plan) };
};

export interface PlanFlags {
  readonly plan?: string;
  readonly resourceChanges?: string;
}

export const withPlanFlags = <Built extends Command>(command: Built): Built =>
  command
    .option('--plan <file>', 'what `terraform show -json` printed, - for standard input')
    .option('--resource-changes <file>', 'instead of a plan: its `resource_changes` alone, a JSON list');

/** The plan that was named, or the bare changes. */
export const readPlanOf = async (io: Io, { plan, resourceChanges }: PlanFlags): Promise<PlanFile> => {
  if (plan !== undefined && resourceChanges === undefined) return readPlanFile(io, plan);
  if (plan === undefined && resourceChanges !== undefined) return readChangesFile(io, resourceChanges);
  throw wrongCall('usage', 'give either --plan or --resource-changes', 'see --help');
};
