import type { ProjectionStore, ReadModels } from '@verdict/application';
import { dataSourceOf, migrateReadModels } from './data-source.js';
import { openAnswerFinder } from './find-answers.js';
import { guardReads } from './guard-reads.js';
import { PostgresReadModels } from './postgres-read-models.js';
import { PostgresProjectionStore } from './projection-store.js';
import { READ_MODEL_SCHEMA } from './schema.js';

/** Name under which the marks of these tables are kept. */
export const READ_MODEL_CONSUMER = 'read_models';

export interface ReadModelsOptions {
  /** Database that holds the read models; its role must be allowed to make the schema, see `allowReadModels`. */
  readonly url: string;
  readonly applicationName?: string;
  /** Connections for queries; writes and key look-ups have two each of their own. Default 4. */
  readonly poolSize?: number;
}

export interface OpenReadModels {
  readonly readModels: ReadModels;
  /** What a Projector writes to. */
  readonly store: ProjectionStore;
  close(): Promise<void>;
}

/** Opens the read models; migrates them first, so that a new release finds its tables. */
export const openReadModels = async ({
  url,
  applicationName = 'verdict',
  poolSize = 4,
}: ReadModelsOptions): Promise<OpenReadModels> => {
  const terms = { url, schema: READ_MODEL_SCHEMA, consumer: READ_MODEL_CONSUMER, applicationName };
  await migrateReadModels(url, READ_MODEL_SCHEMA);
  const source = dataSourceOf({ ...terms, poolSize });
  await source.initialize();
  const answers = openAnswerFinder(url, READ_MODEL_SCHEMA, applicationName);
  const store = new PostgresProjectionStore(terms);
  return {
    readModels: guardReads(new PostgresReadModels({ ...terms, source, answers })),
    store,
    close: async () => {
      await Promise.all([source.destroy(), answers.close(), store.close()]);
    },
  };
};
