import { openExportFiles } from '@verdict/adapter-file';
import {
  type AuditObserver,
  type AuditStore,
  CheckParity,
  CheckpointPublisher,
  type ExportFiles,
  ExportRunner,
  type ExportStatement,
  type LeafSource,
  ManageExports,
  type Platform,
} from '@verdict/application';

export interface AuditExportOptions {
  /** Finished bundles are kept below this folder. */
  readonly exportsDir: string;
  readonly store: AuditStore;
  /** Where leaf hashes come from; default the log, which reads whole entries for them. */
  readonly leaves?: LeafSource;
  /** What every bundle states about who made it and about its times. */
  readonly statement?: Partial<ExportStatement>;
  /** For tests and small machines; the defaults are those of the contract. */
  readonly publishEveryMs?: number;
  readonly jobPollMs?: number;
  readonly barrierMs?: number;
}

/** Everything of audit-export that runs or answers. */
export interface AuditServices {
  readonly publisher: CheckpointPublisher;
  readonly runner: ExportRunner;
  readonly exports: ManageExports;
  readonly parity: CheckParity;
  readonly files: ExportFiles;
  readonly store: AuditStore;
}

const STATEMENT: ExportStatement = {
  generator: { name: 'verdict', version: '0.1.0', build_id: 'source' },
  clock: { source: 'system clock of the service', offset: 'not measured' },
};
const BARRIER_MS = 60_000;

/** Wires the use cases to the ports of this process. */
export const createServices = async (
  platform: Platform,
  options: AuditExportOptions,
  observer: AuditObserver,
): Promise<AuditServices> => {
  const { log, readModels, barrier, keys, clock, ids, logHost } = platform;
  const { store, exportsDir, publishEveryMs, jobPollMs, barrierMs = BARRIER_MS } = options;
  const files = await openExportFiles(exportsDir);
  const leaves = options.leaves ?? log.journals;
  const publisher = new CheckpointPublisher(
    { journals: log.journals, leaves, store, keys, clock, logHost },
    { observer, ...(publishEveryMs === undefined ? {} : { everyMs: publishEveryMs }) },
  );
  const runner = new ExportRunner(
    {
      ...{ store, files, journals: log.journals, leaves, readModels, barrier, keys, logHost, barrierMs },
      statement: { ...STATEMENT, ...options.statement },
      covering: (tenantId, kind, size) => publisher.covering(tenantId, kind, size),
    },
    { observer, clock, ...(jobPollMs === undefined ? {} : { pollEveryMs: jobPollMs }) },
  );
  const onCreated = (): void => {
    runner.wake();
  };
  return {
    ...{ publisher, runner, files, store },
    exports: new ManageExports({ log, store, files, clock, ids, observer, onCreated }),
    parity: new CheckParity({ log, readModels, barrier, store, observer }),
  };
};
