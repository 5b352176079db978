import { type RunTaskTerms, secretsInForce } from '@verdict/domain';
import type { FindIntegrations, FoundIntegration } from '../gate/find-integrations.js';
import type { EntryLog } from '../journals/entry-log.js';
import { journalName } from '../journals/kinds.js';
import type { RunTaskInbox } from '../ports/run-task-inbox.js';
import type { Clock, Sealer } from '../ports/system.js';
import type { TerraformPeer } from '../ports/terraform-peer.js';
import { runTaskText } from './run-task.codec.js';
import { integrationSubject, type RunTask, tokenPlace } from './run-task.js';

export interface ReceiveRunTaskDeps {
  readonly integrations: FindIntegrations;
  readonly log: EntryLog;
  readonly sealer: Sealer;
  readonly peer: TerraformPeer;
  readonly inbox: RunTaskInbox;
  readonly clock: Clock;
  /** Called once a new task is durable. */
  readonly onArrived: () => void;
}

export type RunTaskIntegration = FoundIntegration<RunTaskTerms>;

/** Where entries hold the sealed key, as the sealer was told it. */
const KEY_POINTER = 'hmac_key';

const sealedKeyIn = (payload: unknown): unknown => {
  const found: unknown =
    typeof payload === 'object' && payload !== null ? Reflect.get(payload, KEY_POINTER) : undefined;
  return typeof found === 'object' && found !== null ? Reflect.get(found, '$sealed') : undefined;
};

type SealedText = Parameters<Sealer['open']>[0]['sealed'];
const isSealed = (value: unknown): value is SealedText =>
  typeof value === 'object' &&
  value !== null &&
  ['kid', 'iv', 'ct', 'tag'].every((member) => typeof Reflect.get(value, member) === 'string');

/** Run tasks on their way in: who sent them, and keeping them until they are answered. */
export class ReceiveRunTask {
  constructor(private readonly deps: ReceiveRunTaskDeps) {}

  /**
   * The integration that signed these bytes; the only one that there is, where none is named.
   *
   * @returns undefined when no key in force signs like this: unknown, revoked, ambiguous and forged look alike.
   * @throws ReadModelsUnavailable, LogUnreadable, KeyStoreUnavailable while a store is away.
   * @source protocols section 2 (T1)
   */
  async signer(
    integrationId: string | null,
    bytes: Uint8Array,
    signature: string,
  ): Promise<RunTaskIntegration | undefined> {
    const found = await this.deps.integrations.runTask(integrationId);
    const keys = found === undefined ? [] : await this.keysOf(found);
    return this.deps.peer.isSigned(bytes, signature, keys) ? found : undefined;
  }

  /**
   * Makes the task durable; one that came before is left as it is. The peer may be answered afterwards.
   *
   * @throws RunTaskInboxUnavailable, KeyStoreUnavailable: nothing was taken, and the peer sends again.
   * @source protocols section 2 (T4, T10)
   */
  async accept({ tenantId, integration }: RunTaskIntegration, task: RunTask, accessToken: string): Promise<void> {
    const { integrationId } = integration;
    const sealed = this.deps.sealer.seal({
      tenantId,
      subject: integrationSubject(integrationId),
      text: accessToken,
      aad: tokenPlace(integrationId, task.taskResultId),
    });
    const isNew = await this.deps.inbox.put({
      tenantId,
      integrationId,
      taskResultId: task.taskResultId,
      task: runTaskText(task),
      sealedToken: JSON.stringify(sealed),
      arrivedAtMs: this.deps.clock.nowMs(),
    });
    if (isNew) this.deps.onArrived();
  }

  private async keysOf({ tenantId, integration }: RunTaskIntegration): Promise<readonly string[]> {
    const keys: string[] = [];
    for (const { revision } of secretsInForce(integration, this.deps.integrations.now())) {
      for await (const { id, payload } of this.deps.log.read(journalName('policy', tenantId), revision, 1)) {
        const sealed = sealedKeyIn(payload);
        const key = isSealed(sealed)
          ? this.deps.sealer.open({ tenantId, sealed, aad: `${id}/${KEY_POINTER}` })
          : undefined;
        if (key !== undefined) keys.push(key);
      }
    }
    return keys;
  }
}

/** Reads what `accept` sealed; undefined once the integration's key is gone. */
export const openToken = (
  sealer: Sealer,
  task: {
    readonly tenantId: string;
    readonly integrationId: string;
    readonly taskResultId: string;
    readonly sealedToken: string;
  },
): string | undefined => {
  const sealed: unknown = JSON.parse(task.sealedToken);
  if (!isSealed(sealed)) return undefined;
  return sealer.open({
    tenantId: task.tenantId,
    sealed,
    aad: tokenPlace(task.integrationId, task.taskResultId),
  });
};
