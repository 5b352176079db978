import { type KafkaBusOptions, openKafkaBus } from '@verdict/adapter-kafka';
import { type Bus, type BusObserver, type Journals, LogBus } from '@verdict/application';
import type { Metrics } from '@verdict/nest-kit';
import type { Logger } from 'pino';

/** What carries entries from their writer to the services that follow them. */
export type BusChoice =
  /** The log itself, tailed. */
  | { readonly kind: 'log' }
  | ({ readonly kind: 'kafka' } & Pick<
      KafkaBusOptions,
      'brokers' | 'clientId' | 'ssl' | 'sasl' | 'topics' | 'topicPrefix'
    >);

export interface BusTerms {
  readonly journals: Journals;
  readonly logHost: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const observerOf = ({ logger, metrics }: BusTerms): BusObserver => ({
  mismatched: ({ topic, partition, offset, reason }) => {
    metrics.busEntryMismatches.inc();
    logger.error({ topic, partition, offset, reason }, 'ALARM: a record of the bus is not the entry it claims to be');
  },
  interrupted: ({ group, error }) => {
    logger.warn({ group, err: error }, 'a consumer of the bus was interrupted and goes on');
  },
});

/** Opens the bus; one that is away is tried again in the background, since decisions do not need it. */
export const openBus = (choice: BusChoice, terms: BusTerms): Promise<Bus> => {
  const observer = observerOf(terms);
  switch (choice.kind) {
    case 'log':
      return Promise.resolve(new LogBus(terms.journals, { observer }));
    case 'kafka': {
      const { kind: _, ...options } = choice;
      return openKafkaBus({
        ...options,
        logHost: terms.logHost,
        observer,
        log: ({ level, message, fields }) => {
          terms.logger[level]({ part: 'kafka', ...fields }, message);
        },
      });
    }
  }
};
