import type { RouteId } from '@verdict/contracts';
import { type ApiAnswer, ContractBroken, type RouteRequest } from '../e2e/api.js';
import { pause, waitUntil } from '../e2e/processes.js';
import type { ScaleOut } from '../e2e/scale-out.js';
import { after, ask, MONEY_ONLY } from '../e2e/story.js';
import { freshTenant, type People, peopleOf } from '../e2e/tokens.js';

/** Money decides in nonprod; prod waits for a second person besides, however small the change. */
const POLICY = {
  ...MONEY_ONLY,
  approval: { required: { prod: true, nonprod: false } },
  entitlements: { ...MONEY_ONLY.entitlements, auto_approve: { below_monthly_usd: '0', cumulative_monthly_usd: '0' } },
};
/** So low that the pipelines of a tenant are in each other's way all the time. */
const LIMIT_USD = '25';
const TENANTS = 3;
const PIPELINES_PER_TENANT = 2;
/** A pipeline keeps so many holds before it settles the oldest. */
const HOLDS_MAX = 3;
const TURNS_MAX = 600;
/** So many more outcomes show that work goes on. */
const GO_ON_COUNT = 10;
const THINK_MS = 150;
const RETRY_MS = 100;
/** Far above every deadline of the product: a call without an answer by then has no outcome. */
const ANSWER_MS = 60_000;
const OUTCOME_MS = 120_000;

/** One call, repeated (a command under its key) until it has an outcome, and everything that it was answered. */
export interface Command {
  readonly tenant: string;
  readonly route: RouteId;
  readonly request: RouteRequest;
  readonly answers: ApiAnswer[];
  /** Answers that say "again", and connections that broke. */
  setbacks: number;
}

const isDone = ({ status }: ApiAnswer): boolean => status === 200;
const isAgain = ({ status, body }: ApiAnswer): boolean => [429, 503].includes(status) && body.retryable === true;

const inTime = async <T>(work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ContractBroken(`no answer within ${ANSWER_MS} ms`));
    }, ANSWER_MS);
  });
  return Promise.race([work, late]).finally(() => {
    clearTimeout(timer);
  });
};

/**
 * Pipelines of a few tenants with tight budgets, as they are in the field: each command has a key, and is repeated with it
 * after 503 and broken connections. They ask, look the answer up, have changes of prod approved or denied, use what was granted, and settle.
 * @remarks bounded: `TURNS_MAX` turns of each pipeline, with a pause between them.
 */
export class Pipelines {
  readonly tenants: readonly string[];
  readonly commands: Command[] = [];
  /** Answers that no pipeline may get. */
  readonly defects: string[] = [];
  private readonly running: Promise<unknown>;
  private isOver = false;
  private isAbandoned = false;

  private constructor(
    private readonly deployment: ScaleOut,
    everyone: readonly People[],
  ) {
    this.tenants = everyone.map(({ dev }) => dev.tenant);
    this.running = Promise.all(
      everyone.flatMap((people) =>
        Array.from({ length: PIPELINES_PER_TENANT }, (_, number) => this.pipeline(people, number)),
      ),
    );
  }

  /** Makes the tenants, then starts their pipelines. */
  static async start(deployment: ScaleOut): Promise<Pipelines> {
    const everyone = Array.from({ length: TENANTS }, () => peopleOf(freshTenant()));
    for (const { admin } of everyone) {
      const current = await deployment.need('getPolicy', { as: admin });
      await deployment.need('publishPolicy', {
        as: admin,
        body: { document: POLICY, message: 'money, and a second person for prod' },
        headers: { 'if-match': current.headers.get('etag') ?? '' },
      });
      await deployment.need('createBudget', { as: admin, body: { scope: 'tenant', limit_usd: LIMIT_USD } });
    }
    return new Pipelines(deployment, everyone);
  }

  /** Commands of a route that have their outcome, from the `from`-th command on. */
  done(route: RouteId, from = 0): number {
    return this.commands.slice(from).filter((each) => each.route === route && each.answers.some(isDone)).length;
  }

  /** Waits until some more commands of a route have their outcome. */
  async goOn(route: RouteId = 'gateTerraform'): Promise<void> {
    const from = this.commands.length;
    await waitUntil(`more of ${route} is done`, async () => this.done(route, from) >= GO_ON_COUNT, OUTCOME_MS);
  }

  /** No new turns; resolves when every command has its outcome. */
  async end(): Promise<void> {
    this.isOver = true;
    await this.running;
  }

  /** Ends them whatever they wait for: nobody looks at their outcomes any more. */
  async abandon(): Promise<void> {
    this.isAbandoned = true;
    await this.end();
  }

  /** Asks decisions again that were acknowledged: a sample, and everything that had a setback. */
  async askAgain(): Promise<void> {
    const decisions = this.commands.filter(({ route, answers }) => route === 'gateTerraform' && answers.some(isDone));
    for (const command of decisions.filter(({ setbacks }, index) => setbacks > 0 || index % 10 === 0))
      await this.outcome(command);
  }

  private hasEnded(): boolean {
    return this.isOver;
  }

  private async pipeline(people: People, number: number): Promise<void> {
    const holds: string[] = [];
    for (let turn = 0; turn < TURNS_MAX && !this.hasEnded(); turn += 1) {
      const name = `${number}-${turn}`;
      const decisionId = turn % 5 === 4 ? await this.withApproval(people, name) : await this.alone(people, name);
      if (decisionId !== undefined) holds.push(decisionId);
      if (decisionId === undefined || holds.length > HOLDS_MAX) await this.settle(people, holds.shift());
      if (!this.hasEnded()) await pause(THINK_MS);
    }
  }

  private async alone(people: People, name: string): Promise<string | undefined> {
    const amount = `${1 + (this.commands.length % 5)}.5`;
    const body = ask(amount, { environment: 'nonprod', resource_reference: `stack:${name}` });
    const answer = await this.give(people.dev.tenant, 'gateTerraform', { as: people.dev, body, key: `ask-${name}` });
    if (answer?.body.decision !== 'ALLOW') return undefined;
    const params = { decision_id: String(answer.body.decision_id) };
    await this.give(people.dev.tenant, 'getDecision', { as: people.dev, params, headers: after(answer) });
    return params.decision_id;
  }

  /** The decision whose hold stands in the end; every third is denied. */
  private async withApproval(people: People, name: string): Promise<string | undefined> {
    const { dev, lead } = people;
    const body = ask('2', { environment: 'prod', run_id: name, justification: 'the season begins' });
    const asked = await this.give(dev.tenant, 'gatePreflight', { as: dev, body, key: `prod-${name}` });
    if (asked?.body.decision !== 'REQUIRE_APPROVAL') return undefined;
    const params = { approval_id: String(asked.body.approval_request_id) };
    const vote = { as: lead, params, body: { notes: 'fine with me, go ahead' }, key: `vote-${name}` };
    if (this.commands.length % 3 === 0) {
      await this.give(dev.tenant, 'deny', vote);
      return undefined;
    }
    const granted = await this.give(dev.tenant, 'approve', vote);
    const token: unknown = granted?.body.approval_token;
    if (typeof token !== 'string') return undefined; // Shown once; this answer was lost on its way.
    const use = { approval_token: token, ...asked.body.continuation.binding };
    const used = await this.give(dev.tenant, 'consume', { as: dev, body: use, key: `use-${name}` });
    return used === undefined ? undefined : String(asked.body.decision_id);
  }

  private async settle({ admin }: People, decisionId: string | undefined): Promise<void> {
    if (decisionId === undefined) return;
    await this.give(admin.tenant, 'reconcile', {
      as: admin,
      params: { decision_id: decisionId },
      body: { actual_monthly_delta_usd: '0.01' },
      key: `settle-${decisionId}`,
    });
  }

  private async give(tenant: string, route: RouteId, request: RouteRequest): Promise<ApiAnswer | undefined> {
    const command: Command = { tenant, route, request, answers: [], setbacks: 0 };
    this.commands.push(command);
    return this.outcome(command);
  }

  /** Repeats a command until it is done. Undefined: it was answered what it must not be, which is noted. */
  private async outcome(command: Command): Promise<ApiAnswer | undefined> {
    const deadline = Date.now() + OUTCOME_MS;
    while (Date.now() < deadline && !this.isAbandoned) {
      const answer = await this.once(command);
      if (answer === 'defect') return undefined;
      if (answer !== 'again') return answer;
      command.setbacks += 1;
      await pause(RETRY_MS);
    }
    this.note(command, 'no outcome');
    return undefined;
  }

  private async once(command: Command): Promise<ApiAnswer | 'again' | 'defect'> {
    try {
      const answer = await inTime(this.deployment.send(command.route, command.request));
      command.answers.push(answer);
      if (isDone(answer)) return answer;
      // The request of an approval is opened by another service, a moment after the decision.
      const isEarly = command.request.params?.['approval_id'] !== undefined && answer.status === 404;
      if (isAgain(answer) || isEarly) return 'again';
      this.note(command, `${answer.status} ${answer.text}`);
      return 'defect';
    } catch (error) {
      if (!(error instanceof ContractBroken)) return 'again'; // The connection broke: the pipeline knows nothing.
      this.note(command, error.message);
      return 'defect';
    }
  }

  private note({ tenant, route, request }: Command, what: string): void {
    this.defects.push(`${tenant} ${route} ${request.key ?? ''}: ${what}`);
  }
}
