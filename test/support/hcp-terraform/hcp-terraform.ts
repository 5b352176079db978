import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Authority, makeAuthority } from '../tls/certificates.js';
import { callbackDefects } from './checks.js';
import { payloadOf, signatureOf, type TaskTerms, testPayloadOf } from './payload.js';

/** Where the run task sends, and how it signs. */
export interface RunTask {
  readonly url: string;
  readonly hmacKey: string;
}

export type PlanStep =
  | { readonly status: 204 | 404 | 422 | 500 | 503 }
  /** The archive has the text; `location` leads elsewhere instead. */
  | { readonly status: 307; readonly location?: string };

export interface TaskFaults {
  /** Answers of the plan's address, in turn; the last one stays. Default: the archive at once. */
  readonly planSteps?: readonly PlanStep[];
  /** What the archive has; default: an empty plan. */
  readonly plan?: string;
  /** Statuses of the first callbacks (0: the connection is cut), before callbacks are taken. */
  readonly callbackAnswers?: readonly number[];
  /** Fails callbacks that are final only. */
  readonly finalAnswers?: readonly number[];
  /** The result is `errored` when no final callback came in time. */
  readonly timeoutMs?: number;
  /** Deliver the request so many times, as a peer does that missed the answer. */
  readonly deliveries?: number;
}

export type FinalStatus = 'passed' | 'failed' | 'errored';

/** One result that somebody owes. */
export interface TaskResult {
  readonly id: string;
  readonly token: string;
  readonly sent: Readonly<Record<string, unknown>>;
  /** Statuses as they were taken. */
  readonly statuses: readonly string[];
  /** Status codes of our deliveries. */
  readonly deliveries: readonly number[];
  /** Bodies of the final callbacks, also those that were answered with a fault. */
  readonly finalBodies: readonly string[];
  readonly done: Promise<{ readonly status: FinalStatus; readonly isRunStopped: boolean; readonly body: unknown }>;
}

interface Kept {
  readonly id: string;
  readonly token: string;
  readonly sent: Readonly<Record<string, unknown>>;
  readonly faults: TaskFaults;
  readonly hasOutcomes: boolean;
  readonly isMandatory: boolean;
  readonly statuses: string[];
  readonly deliveries: number[];
  readonly finalBodies: string[];
  planCalls: number;
  callbacks: number;
  finals: number;
  end: FinalStatus | undefined;
  finish: (status: FinalStatus, body: unknown) => void;
}

const EMPTY_PLAN = '{"format_version":"1.2","resource_changes":[]}';
const RESEND_MS = 100;
const RESENDS_MAX = 40;

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
};
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * HCP Terraform as a run task sees it: signs, sends, serves plans, takes results, and writes down everything that the real
 * one would refuse. What it does not imitate: workspaces, policies, the runs themselves.
 */
export class HcpTerraform {
  /** What was done wrong to it, in words. */
  readonly violations: string[] = [];
  readonly counts = { plans: 0, archives: 0, callbacks: 0, deliveries: 0 };
  private readonly kept = new Map<string, Kept>();
  private readonly archives = new Map<string, string>();
  private count = 0;

  private constructor(
    private readonly api: Server,
    private readonly archive: Server,
    /** `https://localhost:<port>`. */
    readonly address: string,
    readonly archiveAddress: string,
    readonly authority: Authority,
  ) {}

  static async start(authority: Authority = makeAuthority()): Promise<HcpTerraform> {
    const identity = authority.issue(['localhost', '127.0.0.1', 'hcp.test']);
    const servers = [createServer(identity), createServer(identity)] as const;
    for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
    const [address, archiveAddress] = servers.map(
      (server) => `https://localhost:${String((server.address() as AddressInfo).port)}`,
    ) as [string, string];
    const peer = new HcpTerraform(...servers, address, archiveAddress, authority);
    servers[0].on('request', (request, response) => void peer.serve(request, response));
    servers[1].on('request', (request, response) => void peer.serveArchive(request, response));
    return peer;
  }

  /** Creating a task sends the test request; anything but 200 and nothing is a task that is not created. */
  async createTask(task: RunTask): Promise<{ readonly isCreated: boolean; readonly status: number }> {
    const { status, text } = await this.post(task, JSON.stringify(testPayloadOf(this.address)));
    return { isCreated: status === 200 && text === '', status };
  }

  /** A run reaches the stage: the request is sent, again until it is answered 200. */
  startTask(task: RunTask, terms: TaskTerms = {}, faults: TaskFaults = {}): TaskResult {
    this.count += 1;
    const id = `taskrs-${String(this.count)}-${randomBytes(4).toString('hex')}`;
    const token = `atlas-token-${randomBytes(16).toString('hex')}`;
    const sent = payloadOf(terms, { address: this.address, taskResultId: id, token });
    let resolve: (end: Awaited<TaskResult['done']>) => void = () => undefined;
    const promise = new Promise<Awaited<TaskResult['done']>>((settle) => {
      resolve = settle;
    });
    const kept: Kept = {
      ...{ id, token, sent, faults, statuses: [], deliveries: [], finalBodies: [] },
      hasOutcomes: terms.hasOutcomes ?? true,
      isMandatory: (terms.enforcement ?? 'mandatory') === 'mandatory',
      ...{ planCalls: 0, callbacks: 0, finals: 0, end: undefined },
      finish: (status, body) => {
        if (kept.end !== undefined) return;
        kept.end = status;
        clearTimeout(timer);
        resolve({ status, isRunStopped: kept.isMandatory && status !== 'passed', body });
      },
    };
    const timer = setTimeout(() => {
      kept.finish('errored', null);
    }, faults.timeoutMs ?? 60_000);
    this.kept.set(id, kept);
    void this.deliver(task, kept);
    return {
      id,
      token,
      sent,
      statuses: kept.statuses,
      deliveries: kept.deliveries,
      finalBodies: kept.finalBodies,
      done: promise,
    };
  }

  async stop(): Promise<void> {
    for (const kept of this.kept.values()) kept.finish('errored', null);
    for (const server of [this.api, this.archive]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  private async deliver(task: RunTask, kept: Kept): Promise<void> {
    const body = JSON.stringify(kept.sent);
    let left = kept.faults.deliveries ?? 1;
    for (let tries = 0; tries < RESENDS_MAX && left > 0 && kept.end !== 'errored'; tries += 1) {
      const { status } = await this.post(task, body);
      kept.deliveries.push(status);
      if (status === 200) left -= 1;
      else await pause(RESEND_MS);
    }
  }

  private async post({ url, hmacKey }: RunTask, body: string): Promise<{ status: number; text: string }> {
    this.counts.deliveries += 1;
    const headers = { 'content-type': 'application/json', 'x-tfc-task-signature': signatureOf(body, hmacKey) };
    try {
      const response = await fetch(url, { method: 'POST', body, headers });
      const text = await response.text();
      if (response.status === 200 && text !== '') this.violations.push('a request was answered with more than nothing');
      return { status: response.status, text };
    } catch {
      return { status: 0, text: '' };
    }
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, kind = '', id = ''] = /^\/api\/v2\/(plans|task-results)\/([^/]+)\//.exec(request.url ?? '') ?? [];
    const kept = this.kept.get(id);
    const body = await bodyOf(request);
    if (kept === undefined) {
      this.refuse(response, 404, `there is no ${String(request.url)}`);
      return;
    }
    if (request.headers.authorization !== `Bearer ${kept.token}`) {
      this.refuse(response, 401, `${kind} was asked for without the token of the task`);
      return;
    }
    if (kept.end === 'errored') {
      this.refuse(response, 401, 'the token has ended with the task');
      return;
    }
    if (kind === 'plans') this.servePlan(kept, response);
    else this.takeCallback(kept, request, response, body);
  }

  private servePlan(kept: Kept, response: ServerResponse): void {
    this.counts.plans += 1;
    const steps = kept.faults.planSteps ?? [{ status: 307 } as const];
    const step = steps[Math.min(kept.planCalls, steps.length - 1)] ?? { status: 404 };
    kept.planCalls += 1;
    response.statusCode = step.status;
    if (step.status === 307) {
      const key = randomBytes(16).toString('hex');
      this.archives.set(key, kept.faults.plan ?? EMPTY_PLAN);
      response.setHeader('location', step.location ?? `${this.archiveAddress}/object/${key}`);
    }
    response.end();
  }

  private async serveArchive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.counts.archives += 1;
    await bodyOf(request);
    if (request.headers.authorization !== undefined) this.violations.push('the archive was given a token');
    const text = this.archives.get((request.url ?? '').replace('/object/', ''));
    if (request.url === '/moved') response.writeHead(307, { location: `${this.archiveAddress}/object/x` }).end();
    else if (text === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  }

  private takeCallback(kept: Kept, request: IncomingMessage, response: ServerResponse, body: string): void {
    this.counts.callbacks += 1;
    const defects =
      request.method === 'PATCH' ? callbackDefects(request.headers, body, kept.hasOutcomes) : ['not a PATCH'];
    if (defects.length > 0) {
      this.refuse(response, 422, ...defects);
      return;
    }
    const { data } = JSON.parse(body) as { data: { attributes: { status: string } } };
    const { status } = data.attributes;
    const isFinal = status === 'passed' || status === 'failed';
    if (isFinal) kept.finalBodies.push(body);
    const fault =
      kept.faults.callbackAnswers?.[kept.callbacks] ?? (isFinal ? kept.faults.finalAnswers?.[kept.finals] : undefined);
    kept.callbacks += 1;
    if (isFinal) kept.finals += 1;
    if (fault === 0) {
      response.destroy();
      return;
    }
    if (fault !== undefined && fault !== 200) {
      response.writeHead(fault).end();
      return;
    }
    if (kept.end !== undefined) {
      this.refuse(response, 422, `the result was ${kept.end} already`);
      return;
    }
    kept.statuses.push(status);
    response.writeHead(200, { 'content-type': 'application/vnd.api+json' }).end('{"data":{}}');
    if (isFinal) kept.finish(status, JSON.parse(body));
  }

  private refuse(response: ServerResponse, status: number, ...violations: readonly string[]): void {
    this.violations.push(...violations);
    response.writeHead(status, { 'content-type': 'application/vnd.api+json' }).end('{"errors":[]}');
  }
}
