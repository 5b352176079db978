import { describe } from '@jest/globals';
import { whatIsMissing } from './broker.mjs';

const { KAFKA_BROKERS: listed = '' } = process.env;
const shared = listed.split(',').filter((broker) => broker !== '');

/**
 * A suite on the broker of KAFKA_BROKERS, which `npm test` starts when nobody gives one; other suites use it at the same
 * time, so topics and groups need names of their own. Without a broker the suite is skipped and its title says why.
 */
export const describeKafka = (title: string, suite: (brokers: readonly string[]) => void): void => {
  if (shared.length > 0) {
    describe(title, () => {
      suite(shared);
    });
    return;
  }
  describe.skip(`${title} (no Kafka broker: ${whatIsMissing() ?? 'set KAFKA_BROKERS, or run npm test'})`, () => {
    suite([]);
  });
};

/** A suite that starts brokers of its own, to stop and to kill them. */
export const describeKafkaServer = (title: string, suite: () => void): void => {
  const missing = whatIsMissing();
  if (missing === undefined) describe(title, suite);
  else describe.skip(`${title} (${missing})`, suite);
};
