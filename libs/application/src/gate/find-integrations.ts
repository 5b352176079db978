import {
  type GateState,
  hasProof,
  type Instant,
  instantOf,
  type Integration,
  type IntegrationProof,
  isRunTask,
  type RunTaskTerms,
} from '@verdict/domain';
import type { ServiceHost } from '../journals/service-host.js';
import type { IntegrationRow, ReadModels } from '../ports/read-models.js';
import type { Clock } from '../ports/system.js';
import type { GateAnswer, GateCommand } from './gate-service.js';

export interface FindIntegrationsDeps {
  readonly gate: ServiceHost<GateState, GateCommand, GateAnswer>;
  readonly readModels: Pick<ReadModels, 'findIntegrationsByProof' | 'findIntegration' | 'listActiveIntegrations'>;
  readonly clock: Clock;
}

export interface FoundIntegration<Terms extends Integration['terms'] = Integration['terms']> {
  readonly tenantId: string;
  readonly integration: Integration<Terms>;
}

type Place = Pick<IntegrationRow, 'tenantId' | 'integrationId'>;

const PLACES_MAX = 10_000;

/** Where proofs were found; bounded, the oldest leave. What stands there is asked each time. */
class Places {
  private readonly known = new Map<string, Place>();

  get(key: string): Place | undefined {
    return this.known.get(key);
  }

  put(key: string, place: Place): void {
    this.known.set(key, place);
    const [oldest] = this.known.keys();
    if (this.known.size > PLACES_MAX && oldest !== undefined) this.known.delete(oldest);
  }

  delete(key: string): void {
    this.known.delete(key);
  }
}

const proofKey = ({ way, sha256 }: IntegrationProof): string => `${way}:${sha256}`;

/**
 * Finds the integration behind a webhook, which has no tenant until its proof is known. The read model only says where to
 * look; whether the secret is valid now, the folded policy journal of that tenant says.
 *
 * @source contract section 2.1
 */
export class FindIntegrations {
  private readonly places = new Places();

  constructor(private readonly deps: FindIntegrationsDeps) {}

  /**
   * The integration that has this proof now; the one that registered it first, should there be several.
   * @returns undefined when there is none. @throws ReadModelsUnavailable, LogUnreadable while a store is away.
   */
  async byProof(proof: IntegrationProof): Promise<FoundIntegration | undefined> {
    const key = proofKey(proof);
    const known = this.places.get(key);
    const there = known === undefined ? undefined : await this.proved(known, proof);
    if (there !== undefined) return there;
    this.places.delete(key);
    for (const row of await this.deps.readModels.findIntegrationsByProof(proof.way, proof.sha256)) {
      const found = await this.proved(row, proof);
      if (found === undefined) continue;
      this.places.put(key, { tenantId: row.tenantId, integrationId: row.integrationId });
      return found;
    }
    return undefined;
  }

  /**
   * The run-task integration with this id; without an id, the only one that there is.
   * @returns undefined when there is none, it is revoked or of another kind, or the id was needed.
   */
  async runTask(integrationId: string | null): Promise<FoundIntegration<RunTaskTerms> | undefined> {
    const row = await this.runTaskRow(integrationId);
    if (row === undefined) return undefined;
    const found = await this.standing(row);
    return found !== undefined && found.revokedAt === null && isRunTask(found)
      ? { tenantId: row.tenantId, integration: found }
      : undefined;
  }

  now(): Instant {
    return instantOf(this.deps.clock.nowMs());
  }

  private async runTaskRow(integrationId: string | null): Promise<Place | undefined> {
    const { readModels } = this.deps;
    if (integrationId !== null) return readModels.findIntegration(integrationId);
    const [only, another] = await readModels.listActiveIntegrations('run_task', 2);
    return another === undefined ? only : undefined;
  }

  private async proved(place: Place, proof: IntegrationProof): Promise<FoundIntegration | undefined> {
    const integration = await this.standing(place);
    return integration !== undefined && hasProof(integration, proof, this.now())
      ? { tenantId: place.tenantId, integration }
      : undefined;
  }

  /** The fold may lag behind the read model: what it does not know yet is looked for at the journal's tip. */
  private async standing({ tenantId, integrationId }: Place): Promise<Integration | undefined> {
    const { state } = await this.deps.gate.current(tenantId);
    const known = state.policy.integrations.get(integrationId);
    if (known !== undefined) return known;
    return (await this.deps.gate.caughtUp(tenantId)).state.policy.integrations.get(integrationId);
  }
}
