import type { ProjectionStore } from '@verdict/application';
import { READ_MODEL_CONSUMER } from './open-read-models.js';
import { PostgresProjectionStore } from './projection-store.js';
import { READ_MODEL_SCHEMA } from './schema.js';

/** Marks and parked journals of read models that are there: for operators, who look and resume. Migrates nothing. */
export const openProjectionStore = (
  url: string,
  applicationName = 'verdict',
): ProjectionStore & { close(): Promise<void> } =>
  new PostgresProjectionStore({ url, schema: READ_MODEL_SCHEMA, consumer: READ_MODEL_CONSUMER, applicationName });
