import { Inject, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import {
  type DecideChange,
  DecideRunTask,
  type DecideRunTaskDeps,
  type FindIntegrations,
  type Platform,
  ReceiveRunTask,
  type RunTaskInbox,
  type RunTaskObserver,
  RunTaskWorker,
  type TerraformPeer,
} from '@verdict/application';
import { FOREIGN_DEPTH_MAX, readJson } from '@verdict/contracts';
import type { RawJson } from '@verdict/domain';
import { METRICS, type Metrics } from '@verdict/nest-kit';
import { countRefusal, countVerdict } from './count-verdict.js';
import { DECIDE_CHANGE, GATE_HOST, INTEGRATIONS, PLATFORM, RECEIVE_RUN_TASK, RUN_TASK_WORKER } from './tokens.js';

type GateHost = DecideRunTaskDeps['gate'];

/** What run tasks need besides the platform. */
export interface RunTaskOptions {
  readonly inbox: RunTaskInbox;
  readonly peer: TerraformPeer;
  readonly publicUrl: string | null;
  readonly holder: string;
  readonly observer: RunTaskObserver;
}

const readPlan = (bytes: Uint8Array): RawJson | undefined => {
  const read = readJson(bytes, { depthMax: FOREIGN_DEPTH_MAX });
  return read.kind === 'ok' ? read.value : undefined;
};

const counted =
  (decideChange: DecideChange, metrics: Metrics): DecideChange =>
  async (request, meta) => {
    const started = performance.now();
    const result = await decideChange(request, meta);
    countVerdict(metrics, request.source, result, (performance.now() - started) / 1000);
    if (result.kind === 'problem') countRefusal(metrics, request.source, result.problem);
    return result;
  };

interface GateParts {
  readonly gate: GateHost;
  readonly ports: Platform;
  readonly decideChange: DecideChange;
}
const workerOf = (options: RunTaskOptions, { gate, ports, decideChange }: GateParts) =>
  new RunTaskWorker({
    ...ports,
    ...options,
    decide: new DecideRunTask({ gate, decideChange, clock: ports.clock, publicUrl: options.publicUrl }),
    readJson: readPlan,
    observer: options.observer,
  });

/** Starts with what was taken before, since peers are waiting; ends before the gate does. */
class RunTaskTurns implements OnModuleInit, OnModuleDestroy {
  constructor(@Inject(RUN_TASK_WORKER) private readonly worker: RunTaskWorker) {}

  onModuleInit(): void {
    this.worker.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.worker.stop();
  }
}

/** Run tasks on their way in, and the worker that answers them. */
export const runTaskProviders = (options: RunTaskOptions) => [
  {
    provide: RUN_TASK_WORKER,
    useFactory: (gate: GateHost, ports: Platform, decideChange: DecideChange, metrics: Metrics) =>
      workerOf(options, { gate, ports, decideChange: counted(decideChange, metrics) }),
    inject: [GATE_HOST, PLATFORM, DECIDE_CHANGE, METRICS],
  },
  {
    provide: RECEIVE_RUN_TASK,
    useFactory: (ports: Platform, integrations: FindIntegrations, worker: RunTaskWorker) =>
      new ReceiveRunTask({
        ...ports,
        ...options,
        integrations,
        onArrived: () => {
          worker.wake();
        },
      }),
    inject: [PLATFORM, INTEGRATIONS, RUN_TASK_WORKER],
  },
  RunTaskTurns,
];
