import type { AuditObserver } from '@verdict/application';
import type { Metrics } from '@verdict/nest-kit';
import type { Logger } from 'pino';

/** Counts and logs what audit-export does. @source contract section 15 */
export const auditObserver = (metrics: Metrics, logger: Logger): AuditObserver => ({
  published: ({ journals, leaves, seconds }) => {
    logger.debug({ journals, leaves, seconds }, 'checkpoints published');
  },
  refused: ({ journal, reason }) => {
    metrics.exportEvents.inc('proof', 'error');
    logger.error(
      { journal, reason },
      'ALARM: the log contradicts its signed checkpoint; nothing more is signed for this journal',
    );
  },
  unavailable: (error) => {
    logger.warn({ err: error }, 'audit-export cannot go on at the moment; trying again');
  },
  exported: ({ exportId, outcome, error }) => {
    metrics.exportEvents.inc('bundle', outcome);
    if (outcome === 'error') logger.error({ export_id: exportId, err: error }, 'an export failed');
    else if (outcome !== 'rejected_limit') logger.info({ export_id: exportId, outcome }, 'an export is ready');
  },
  compared: (outcome) => {
    metrics.exportEvents.inc('parity', outcome);
    if (outcome === 'mismatch') logger.error('ALARM: the read models differ from the journals');
  },
});
