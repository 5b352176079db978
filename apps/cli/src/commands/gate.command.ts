import { ROUTES } from '@verdict/contracts';
import { Command } from 'commander';
import { CliCommand } from '../cli-command.js';
import { CliFailure } from '../failure.js';
import { checkedUsd } from '../input/amount.js';
import type { Client } from '../http/client.js';
import { type Continuation, writeContinuation } from '../input/continuation.js';
import { parseDurationMs } from '../input/duration.js';
import { readInfracostFile } from '../input/infracost-file.js';
import { refuseUnwritable } from '../input/output-file.js';
import { type PlanFile, type PlanFlags, readPlanOf, withPlanFlags } from '../input/plan-file.js';
import { EXIT, type Io } from '../io.js';
import { signedUsd } from '../output/table.js';
import { reasonOf, ticketOf } from '../recorded.js';
import { openSession, type Session } from '../session.js';
import { admissionCommand, batchCommand, eventCommand } from './ask-with-file.js';
import { explainCommand } from './explain.command.js';
import { type ListFlags, printList, withPaging } from './lists.js';
import { EXITS, nextStep, type Verdict, verdictText } from './verdict-text.js';
import { WAIT_EXITS, type WaitEnd, waitForApproval } from './wait-for-approval.js';

interface Documents {
  readonly plan: PlanFile;
  /** JSON text. */
  readonly infracost: string | null;
}

interface PreflightFlags extends PlanFlags {
  readonly infracost?: string;
  readonly project: string;
  readonly environment: string;
  readonly run?: string;
  readonly stage?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly declaredMonthly?: string;
  readonly justification?: string;
  readonly ticket?: string;
  readonly state?: string;
  readonly expectFingerprint?: string;
  readonly whatIf?: boolean;
  readonly wait?: string;
}

/** Names of the run in the systems that people use; equal run and stage mean the same question. */
const RUN_VARIABLES = [
  'VERDICT_RUN_ID',
  'TFC_RUN_ID',
  'GITHUB_RUN_ID',
  'CI_PIPELINE_ID',
  'BUILD_BUILDID',
  'BUILD_TAG',
] as const;

const runIdOf = (io: Io, flag: string | undefined): string => {
  const found = RUN_VARIABLES.map((name) => io.env[name]).find((value) => value !== undefined && value !== '');
  return flag ?? found ?? `local-${io.newId()}`;
};

/** JSON text of the body: what others wrote goes in as it was read, so that no number changes. */
const bodyOf = (session: Session, flags: PreflightFlags, runId: string, { plan, infracost }: Documents): string => {
  const members = {
    run_id: runId,
    stage: flags.stage,
    action: flags.action,
    resource_reference: flags.resource ?? `stack:${flags.project}`,
    project_id: flags.project,
    environment: flags.environment,
    estimated_monthly_delta_usd:
      flags.declaredMonthly === undefined ? undefined : checkedUsd(flags.declaredMonthly, '--declared-monthly'),
    justification: reasonOf(session, flags.justification),
    ticket: ticketOf(session, flags.ticket),
    expected_request_fingerprint: flags.expectFingerprint,
    dry_run: flags.whatIf,
    plan_sha256: plan.sha256 ?? undefined,
  };
  const report = infracost === null ? '' : `,"infracost":${infracost}`;
  return `${JSON.stringify(members).slice(0, -1)},"${plan.member}":${plan.text}${report}}`;
};

const continuationOf = (verdict: Verdict, plan: PlanFile): Continuation => ({
  schema: 'verdict.continuation.v1',
  decision_id: verdict.decision_id,
  approval_request_id: verdict.approval_request_id,
  run_id: verdict.run_id,
  plan_sha256: plan.sha256,
  binding: verdict.continuation.binding,
  estimated_monthly_delta_usd: verdict.cost.monthly,
  estimated_hourly_delta_usd: verdict.cost.hourly,
});

/** Only what a token can be had for is waited for. */
const waited = (
  { io, printer }: Session,
  client: Client,
  state: Continuation,
  waitMs: number,
): Promise<WaitEnd | null> => {
  const id = state.approval_request_id;
  if (id === null) return Promise.resolve(null);
  printer.hint(`waiting for approval ${id}\n`);
  return waitForApproval({ io, client, state: { ...state, approval_request_id: id }, waitMs });
};

const waitText = (end: WaitEnd | null): string => {
  if (end === null) return '';
  if (end.status === 'consumed') return `\nconsumed at ${end.consumedAt}: go ahead\n`;
  return end.status === 'waiting' ? '\nnobody has decided yet\n' : `\nthe request is ${end.status}\n`;
};

/** The server derives the key from run, stage and change: the same command is the way to ask again. */
const withRunHint = (error: unknown, runId: string): unknown => {
  if (!(error instanceof CliFailure) || error.facts.idempotencyKey !== null) return error;
  if (error.exit !== EXIT.unknown && error.exit !== EXIT.interrupted) return error;
  const hint = `asking again is safe: repeat the command with --run ${runId}`;
  const detail = error.facts.detail === undefined ? hint : `${error.facts.detail}; ${hint}`;
  return new CliFailure(error.exit, { ...error.facts, detail });
};

const preflight = async (session: Session, flags: PreflightFlags): Promise<void> => {
  const { io, printer } = session;
  const waitMs = flags.wait === undefined ? undefined : parseDurationMs(flags.wait, '--wait');
  await refuseUnwritable(io, flags.state);
  const plan = await readPlanOf(io, flags);
  const infracost = flags.infracost === undefined ? null : await readInfracostFile(io, flags.infracost);
  const client = await session.client();
  const runId = runIdOf(io, flags.run);
  const hinted = (error: unknown): never => {
    throw withRunHint(error, runId);
  };
  const asked = client.send(ROUTES.gatePreflight, {
    body: bodyOf(session, flags, runId, { plan, infracost }),
    isKeyDerived: true,
  });
  const { value, body } = await asked.catch(hinted);
  const state = continuationOf(value, plan);
  if (flags.state !== undefined) await writeContinuation(io, flags.state, state);
  const isWaiting = waitMs !== undefined && value.decision === 'REQUIRE_APPROVAL';
  const end = isWaiting ? await waited(session, client, state, waitMs).catch(hinted) : null;
  printer.print({
    body: end === null ? body : { ...Object(body), wait: end },
    text: () => `${verdictText(value, printer, plan.addresses)}${waitText(end)}`,
    id: value.decision_id,
  });
  if (end === null || end.status === 'waiting') printer.hint(nextStep(value, flags.state));
  io.exit(end === null ? EXITS[value.decision] : WAIT_EXITS[end.status]);
};

const preflightCommand = (io: Io): Command =>
  withPlanFlags(
    new CliCommand('preflight').description(
      'may this Terraform plan go ahead? The plan is reduced first: secrets stay on this machine',
    ),
  )
    .option('--infracost <file>', 'what `infracost diff --format json` printed; the larger of both figures counts')
    .requiredOption('--project <id>', 'project that pays')
    .requiredOption('--environment <name>', 'such as prod, staging')
    .option('--run <id>', `run of the pipeline (default: ${RUN_VARIABLES.join(', ')}, else a new one)`)
    .option('--stage <name>', 'stage of the run (default: pre_plan)')
    .option('--action <name>', 'default: terraform.apply')
    .option('--resource <reference>', 'what is changed; part of what an approval binds to (default: stack:PROJECT)')
    .option('--declared-monthly <usd>', 'your own estimate; the plan is priced all the same, the larger one counts')
    .option('--justification <text>', 'for the approver')
    .option('--ticket <id>', 'for the approver')
    .option('--state <file>', 'write what `approvals consume` needs later')
    .option('--wait <duration>', 'wait for the approval and use it, such as 15m; 0 is then "go ahead"')
    .option('--expect-fingerprint <sha256>', 'refuse when the change is not this one')
    .option('--what-if', 'decide without holding money or opening a request')
    .about({
      reach: 'server',
      exits: {
        0: 'ALLOW; with --wait: approved, and the approval used',
        1: 'DENY; with --wait also: denied, expired or withdrawn',
        3: 'REQUIRE_APPROVAL; with --wait: nobody has decided yet',
      },
      reason: '--justification',
      incident: '--ticket',
      examples: [
        'terraform plan -out plan.tfplan && terraform show -json plan.tfplan > plan.json',
        'verdict gate preflight --plan plan.json --project web --environment prod --run "$CI_PIPELINE_ID" --state verdict-state.json',
        'terraform show -json plan.tfplan | verdict gate preflight --plan - --project web --environment dev --what-if',
        'jq .resource_changes plan.json | verdict gate preflight --resource-changes - --project web --environment dev',
      ],
    })
    .action((flags: PreflightFlags, command: Command) => preflight(openSession(io, command), flags));

const showCommand = (io: Io): Command =>
  new CliCommand('show')
    .description('one decision as recorded, and where it stands')
    .argument('<decision>', 'id of the decision')
    .about({ reach: 'server', examples: ['verdict gate show 0193a7c4-0000-7000-8000-000000000001'] })
    .action(async (id: string, _flags: object, command: Command) => {
      const session = openSession(io, command);
      const { value, body } = await (await session.client()).send(ROUTES.getDecision, { params: { decision_id: id } });
      const text = (): string => `${verdictText(value, session.printer)}\nstate  ${value.state}\n`;
      session.printer.print({ body, text, id: value.decision_id });
      if (value.state === 'pending_approval') session.printer.hint(nextStep(value));
    });

interface DecisionFilter extends ListFlags {
  readonly project?: string;
  readonly decision?: string;
}

const listCommand = (io: Io): Command =>
  withPaging(new CliCommand('list').description('decisions, newest first'))
    .option('--project <id>', 'of this project')
    .option('--decision <outcome>', 'ALLOW, ALLOW_WITH_CREDITS, REQUIRE_APPROVAL or DENY')
    .about({ reach: 'server', examples: ['verdict gate list --project web', 'verdict gate list --all -o ndjson'] })
    .action((flags: DecisionFilter, command: Command) =>
      printList(openSession(io, command), ROUTES.listDecisions, {
        flags,
        query: { project_id: flags.project, decision: flags.decision },
        idOf: ({ decision_id: id }) => id,
        columns: [
          { title: 'DECIDED', value: ({ decided_at: at }) => at },
          { title: 'DECISION', value: ({ decision }) => decision },
          { title: 'STATE', value: ({ state }) => state },
          { title: 'USD/MONTH', value: ({ monthly_delta_usd: delta }) => signedUsd(delta), isNumber: true },
          { title: 'PROJECT', value: ({ project_id: project }) => project },
          { title: 'ID', value: ({ decision_id: id }) => id },
        ],
      }),
    );

/** `verdict gate`: ask before a change, and look at what was decided. */
export const gateCommand = (io: Io): Command => {
  const group = new Command('gate').description('ask whether a change may go ahead');
  for (const create of [
    preflightCommand,
    admissionCommand,
    eventCommand,
    batchCommand,
    listCommand,
    showCommand,
    explainCommand,
  ])
    group.addCommand(create(io));
  return group;
};
