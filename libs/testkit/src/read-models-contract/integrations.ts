import { describe, expect, it } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import type { ProjectionStore, ReadModels } from '@verdict/application';
import { freshHistory, type History } from './history.js';

const freshHash = (): string => createHash('sha256').update(randomUUID()).digest('hex');
const proof = (way: 'mtls' | 'bearer' | 'path', sha256: string) => ({ way, sha256 });

/** Looking up without a tenant: these tests use hashes and ids that no other test has. */
export const describeIntegrations = (
  subject: () => { readonly readModels: ReadModels; readonly store: ProjectionStore },
): void =>
  describe('integrations', () => {
    const tell = (history: History, from = 0) => subject().store.apply([history.slice('policy', from)]);
    const proved = async (way: string, sha256: string) =>
      (await subject().readModels.findIntegrationsByProof(way, sha256)).map(({ integrationId }) => integrationId);

    it('are found by any proof they ever had, in its way only, and by their id', async () => {
      const history = freshHistory();
      const [first, second] = [freshHash(), freshHash()];
      const id = history.createIntegration('k8s', [proof('bearer', first)]);
      history.rotateSecret(id, [proof('bearer', second)]);
      await tell(history);
      expect(await proved('bearer', first)).toEqual([id]);
      expect(await proved('bearer', second)).toEqual([id]);
      expect(await proved('path', second)).toEqual([]);
      const found = await subject().readModels.findIntegration(id);
      expect(found).toEqual({
        tenantId: history.tenantId,
        integrationId: id,
        kind: 'k8s',
        revision: 0n,
        createdAt: expect.stringMatching(/^2026-/),
        isRevoked: false,
      });
      expect(await subject().readModels.findIntegration(randomUUID())).toBeUndefined();
    });

    it('of several tenants with one proof come oldest first, each once', async () => {
      const [older, younger] = [freshHistory(), freshHistory()];
      const shared = freshHash();
      younger.setBudget(1);
      const first = older.createIntegration('k8s', [proof('mtls', shared)]);
      older.rotateSecret(first, [proof('mtls', shared)]);
      younger.decide(); // Takes a moment, so the next creation is later.
      const second = younger.createIntegration('k8s', [proof('mtls', shared)]);
      await tell(younger);
      await tell(older);
      expect(await proved('mtls', shared)).toEqual([first, second]);
    });

    it('are not found by a proof once revoked, whether told in one slice or later', async () => {
      const history = freshHistory();
      const [one, other] = [freshHash(), freshHash()];
      const first = history.createIntegration('k8s', [proof('path', one)]);
      history.revokeIntegration(first);
      const second = history.createIntegration('k8s', [proof('path', other)]);
      await tell(history);
      history.revokeIntegration(second);
      await tell(history, 3);
      expect(await proved('path', one)).toEqual([]);
      expect(await proved('path', other)).toEqual([]);
      expect(await subject().readModels.findIntegration(second)).toMatchObject({ isRevoked: true });
    });

    it('of one kind are listed over all tenants, without revoked ones', async () => {
      const [history, other] = [freshHistory(), freshHistory()];
      const gone = history.createIntegration('run_task');
      history.revokeIntegration(gone);
      const mine = history.createIntegration('run_task');
      const cluster = history.createIntegration('k8s');
      const theirs = other.createIntegration('run_task');
      await tell(history);
      await tell(other);
      const listed = (await subject().readModels.listActiveIntegrations('run_task', 10_000)).map(
        ({ integrationId }) => integrationId,
      );
      expect(listed).toEqual(expect.arrayContaining([mine, theirs]));
      expect(listed).not.toContain(gone);
      expect(listed).not.toContain(cluster);
      expect(await subject().readModels.listActiveIntegrations('run_task', 1)).toHaveLength(1);
    });
  });
