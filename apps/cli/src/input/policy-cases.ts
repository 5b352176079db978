import {
  readPriceBook,
  instantOf,
  jcsText,
  MONTHS_CHARGED,
  parseUsd,
  type MicroUsd,
  type PriceBook,
} from '@verdict/domain';
import type { CaseQuestion, PolicyCase } from '@verdict/application';
import { readdir } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { wrongCall } from '../failure.js';
import type { Io } from '../io.js';
import { readInput, readJsonInput, unreadable } from './input-file.js';

const EXTENSIONS = new Set(['.yaml', '.yml', '.json']);
const FILES_MAX = 1_000;
const FILE_BYTES_MAX = 1024 * 1024;

/** A number of YAML is taken by its shortest text; an amount with more places is written as text. */
const usdWith = (places: 4 | 6) =>
  z.union([z.string(), z.number()]).transform((value, context): MicroUsd => {
    const amount = parseUsd(String(value), places);
    if (typeof amount === 'bigint') return amount;
    context.addIssue({
      code: 'custom',
      message: `${String(value)} is no amount with at most ${String(places)} places`,
    });
    return z.NEVER;
  });
const Usd = usdWith(4);
const Limit = Usd.refine((amount) => amount >= 0n, 'a limit is not negative');
const Credit = Usd.refine((amount) => amount > 0n, 'a credit is above 0');
const Names = z.array(z.string());
const Project = z.templateLiteral(['project:', z.string().min(1)]);

const Question = z.strictObject({
  source: z.enum(['terraform', 'k8s_admission', 'cloud_event']).default('terraform'),
  action: z.string().min(1).default('terraform.apply'),
  resource_reference: z.string().min(1).default('stack:default'),
  project_id: z.string().min(1).default('default'),
  environment: z.string().optional(),
  estimated_monthly_delta_usd: Usd.optional(),
  estimated_hourly_delta_usd: usdWith(6).optional(),
  metadata: z.record(z.string(), z.json()).default({}),
  plan: z.string().optional(),
  infracost: z.string().optional(),
  requester: z
    .strictObject({
      subject: z.string().default('someone'),
      on_behalf_of: z.string().nullable().default(null),
      kind: z.enum(['user', 'service']).default('service'),
      roles: Names.default(['member']),
      groups: Names.default([]),
    })
    .prefault({}),
  dry_run: z.boolean().default(false),
});

const Given = z.strictObject({
  price_book: z.string().optional(),
  budgets: z
    .array(
      z.strictObject({
        scope: z.union([z.literal('tenant'), Project]),
        period: z.enum(['month', 'quarter', 'year', 'total']).default('month'),
        limit_usd: Limit,
        months_charged: z.int().min(1).max(12).optional(),
      }),
    )
    .default([]),
  credits: z
    .array(
      z.strictObject({
        pool: z.enum(['reserved', 'emergency']),
        scope: z.union([z.literal('tenant'), Project]).default('tenant'),
        total_amount_usd: Credit,
        priority: z.int().min(0).max(1000).default(100),
      }),
    )
    .default([]),
  asked: z.array(Question).default([]),
});

const Expectation = z
  .strictObject({
    decision: z.enum(['ALLOW', 'ALLOW_WITH_CREDITS', 'REQUIRE_APPROVAL', 'DENY']).optional(),
    finding: z.enum(['clean', 'approval', 'violation', 'failure']).optional(),
    reason_codes: Names.optional(),
    without_reason_codes: Names.optional(),
    rules_matched: Names.optional(),
    route: z.string().nullable().optional(),
    hold_usd: Usd.optional(),
    obligations: z.array(z.strictObject({ key: z.string(), value: z.string() })).optional(),
  })
  .refine((expected) => Object.keys(expected).length > 0, 'a case that expects nothing tests nothing');

const Case = z.strictObject({
  name: z.string().min(1).max(256),
  now: z.iso.datetime({ offset: true }),
  given: Given.prefault({}),
  ask: Question,
  expect: Expectation,
});
const CaseList = z.strictObject({ cases: z.array(Case).min(1) });

type ReadQuestion = z.output<typeof Question>;
type ReadCase = z.output<typeof Case>;

const invalid = (path: string, detail: string): Error => wrongCall('case_invalid', `${path} is not a case`, detail);

const parsed = (text: string, path: string): unknown => {
  try {
    const value: unknown = parse(text, { maxAliasCount: 100 });
    return value;
  } catch (error) {
    if (error instanceof YAMLParseError || error instanceof ReferenceError) throw invalid(path, error.message);
    throw error;
  }
};

const textOf = async (io: Io, path: string): Promise<string> => {
  const bytes = await readInput(io, path);
  if (bytes.length > FILE_BYTES_MAX) throw wrongCall('file_too_large', `${path} is larger than 1 MiB`);
  return Buffer.from(bytes).toString('utf8');
};

/** Documents are named relative to the case that needs them. */
const questionOf = async (io: Io, folder: string, asked: ReadQuestion): Promise<CaseQuestion> => {
  const json = (path: string | undefined) =>
    path === undefined ? Promise.resolve(undefined) : readJsonInput(io, join(folder, path));
  const { requester } = asked;
  return {
    source: asked.source,
    action: asked.action,
    resourceReference: asked.resource_reference,
    projectId: asked.project_id,
    environment: asked.environment,
    monthly: asked.estimated_monthly_delta_usd ?? null,
    hourly: asked.estimated_hourly_delta_usd ?? null,
    metadata: jcsText(asked.metadata),
    documents: { plan: await json(asked.plan), infracost: await json(asked.infracost) },
    requester: {
      subject: requester.subject,
      onBehalfOf: requester.on_behalf_of,
      kind: requester.kind,
      roles: requester.roles,
      groups: requester.groups,
    },
    isDryRun: asked.dry_run,
  };
};

const priceBookOf = async (io: Io, folder: string, path: string | undefined): Promise<PriceBook | null> => {
  if (path === undefined) return null;
  const reading = readPriceBook(await readJsonInput(io, join(folder, path)));
  if (reading.kind === 'book') return reading.book;
  throw invalid(
    path,
    `no price book: ${reading.problems.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ')}`,
  );
};

const caseOf = async (io: Io, folder: string, { name, now, given, ask, expect }: ReadCase): Promise<PolicyCase> => {
  const asked: CaseQuestion[] = [];
  for (const each of given.asked) asked.push(await questionOf(io, folder, each));
  return {
    name,
    now: instantOf(Date.parse(now)),
    given: {
      priceBook: await priceBookOf(io, folder, given.price_book),
      budgets: given.budgets.map((budget) => ({
        scope: budget.scope,
        period: budget.period,
        limit: budget.limit_usd,
        monthsCharged: budget.months_charged ?? MONTHS_CHARGED[budget.period],
      })),
      credits: given.credits.map(({ pool, scope, total_amount_usd: total, priority }) => ({
        pool,
        scope,
        total,
        priority,
      })),
      asked,
    },
    ask: await questionOf(io, folder, ask),
    expect: {
      decision: expect.decision,
      finding: expect.finding,
      reasonCodes: expect.reason_codes,
      withoutReasonCodes: expect.without_reason_codes,
      rulesMatched: expect.rules_matched,
      route: expect.route,
      hold: expect.hold_usd,
      obligations: expect.obligations,
    },
  };
};

const casesIn = async (io: Io, path: string): Promise<readonly PolicyCase[]> => {
  const value = parsed(await textOf(io, path), path);
  // A file holds one case, or a list; which one it is decides what its defects are.
  const isList = typeof value === 'object' && value !== null && 'cases' in value;
  const read = CaseList.safeParse(isList ? value : { cases: [value] });
  if (!read.success) throw invalid(path, z.prettifyError(read.error));
  const list = read.data.cases;
  const cases: PolicyCase[] = [];
  for (const each of list) cases.push(await caseOf(io, dirname(path), each));
  return cases;
};

/** Every case of a folder, or of one file, by file name. @throws CliFailure that names the file and what is wrong in it. */
export const readPolicyCases = async (io: Io, path: string): Promise<readonly PolicyCase[]> => {
  const full = resolve(io.cwd, path);
  const names = EXTENSIONS.has(extname(path))
    ? undefined
    : await readdir(full).catch((error: unknown) => {
        throw unreadable(path, error);
      });
  const files = names?.filter((name) => EXTENSIONS.has(extname(name)) && isCase(name)).sort() ?? undefined;
  if (files !== undefined && (files.length === 0 || files.length > FILES_MAX)) {
    throw wrongCall('cases_missing', `${path} holds no case`, 'cases are files such as large-database.case.yaml');
  }
  const cases: PolicyCase[] = [];
  for (const file of files ?? [undefined]) {
    cases.push(...(await casesIn(io, file === undefined ? full : join(full, file))));
  }
  return cases;
};

/** Plans and books may lie in the same folder. */
const isCase = (name: string): boolean => /\.case\.(yaml|yml|json)$/.test(name);
