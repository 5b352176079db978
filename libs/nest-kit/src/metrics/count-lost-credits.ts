import { formatUsd4, type LostCredits } from '@verdict/domain';
import { CREDIT_POOLS } from './labels.js';
import type { Metrics } from './metrics.js';

/** Counts money of credits that nobody can use any more. */
export const countLostCredits = (metrics: Pick<Metrics, 'creditsExpiredUsd'>, lost: LostCredits): void => {
  for (const pool of CREDIT_POOLS) metrics.creditsExpiredUsd.add(Number(formatUsd4(lost[pool])), pool);
};
