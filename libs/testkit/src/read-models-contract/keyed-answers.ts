import { describe, expect, it } from '@jest/globals';
import type { ProjectionStore, ReadModels } from '@verdict/application';
import { freshHistory, type History } from './history.js';

/** The keys of approvals and reservations, found by their scopes. */
export const describeKeyedAnswers = (
  subject: () => { readonly readModels: ReadModels; readonly store: ProjectionStore },
): void =>
  describe('keyed answers', () => {
    const tell = (history: History) =>
      subject().store.apply([history.slice('approvals'), history.slice('reservations')]);
    const found = ({ tenantId }: History, kind: 'approvals' | 'reservations', scope: string, key: string) =>
      subject().readModels.findKeyedAnswer(tenantId, { kind, scope, key });

    it('are found by tenant, journal, scope and key, and by nothing less', async () => {
      const [history, other] = [freshHistory(), freshHistory()];
      const decision = history.decide({ needsApproval: true });
      history.request(decision);
      history.file(decision.approvalId, 'ben');
      history.vote(decision.approvalId, 'cy');
      history.settle(decision.decisionId, 'savings', '110.0000', 'settle-1');
      await tell(history);
      await tell(other);
      const payloadHash: unknown = expect.stringMatching(/^[0-9a-f]{64}$/);
      expect(await found(history, 'approvals', 'file', 'ben')).toEqual({ revision: 1n, payloadHash });
      expect(await found(history, 'approvals', 'vote:cy', 'cy')).toEqual({ revision: 2n, payloadHash });
      expect(await found(history, 'reservations', 'reconcile', 'settle-1')).toEqual({ revision: 1n, payloadHash });
      for (const [whose, kind, scope, key] of [
        [other, 'approvals', 'file', 'ben'],
        [history, 'reservations', 'file', 'ben'],
        [history, 'approvals', 'vote:cy', 'ben'],
        [history, 'approvals', 'vote:ben', 'ben'],
        [history, 'reservations', 'resolve', 'settle-1'],
      ] as const)
        expect(await found(whose, kind, scope, key)).toBeUndefined();
    });

    it('are the newest, where memory once forgot a key and it was answered twice', async () => {
      const history = freshHistory();
      const decisions = [history.decide(), history.decide(), history.decide()];
      for (const { decisionId } of decisions) history.settle(decisionId, 'savings', '110.0000', 'twice');
      await tell(history);
      expect(await found(history, 'reservations', 'reconcile', 'twice')).toMatchObject({ revision: 5n });
    });

    it('are of explicit keys alone, however long scope and key are, whatever is in them', async () => {
      const history = freshHistory();
      const voter = `${'v'.repeat(1_500)}\u0000\u001f{}"`;
      const decision = history.decide({ needsApproval: true });
      history.request(decision);
      history.vote(decision.approvalId, voter);
      history.vote(decision.approvalId, `${voter}-other`);
      history.settle(decision.decisionId, 'savings', '110.0000', null);
      await tell(history);
      expect(await found(history, 'approvals', `vote:${voter}`, voter)).toMatchObject({ revision: 1n });
      expect(await found(history, 'approvals', `vote:${voter}-other`, `${voter}-other`)).toMatchObject({
        revision: 2n,
      });
      expect(await found(history, 'reservations', 'reconcile', 'null')).toBeUndefined();
      expect(await found(history, 'reservations', 'reconcile', '')).toBeUndefined();
    });
  });
