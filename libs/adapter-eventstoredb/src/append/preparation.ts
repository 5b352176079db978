import type { JournalName } from '@verdict/application';
import type { Connections } from '../driver/connections.js';
import { createLimit } from '../driver/limit.js';
import type { Patience } from '../driver/patience.js';
import { patiently } from '../driver/patience.js';
import { LogDamaged } from '../errors.js';
import type { EventReader } from '../streams/event-reader.js';
import type { Registry } from '../streams/registry.js';
import { REGISTRY_STREAM } from '../streams/stream-names.js';
import type { Access } from '../streams/stream-metadata.js';
import {
  forgettingIn,
  hasAcl,
  journalAcl,
  readMetadata,
  registryAcl,
  writeMetadata,
} from '../streams/stream-metadata.js';

export interface PreparationOptions {
  readonly connections: Connections;
  readonly reader: EventReader;
  readonly registry: Registry;
  readonly patience: Patience;
  readonly access: Access | undefined;
}

const CHECKS_MAX = 16;
const PREPARED_MAX = 100_000;

/**
 * What has to hold before a journal is written to: its name is in the registry, no metadata lets the store forget
 * entries, and its access list is set. Done once per journal and process.
 * @source protocols section 5 rule 11
 */
export class Preparation {
  private readonly prepared = new Set<JournalName>();

  constructor(private readonly options: PreparationOptions) {}

  /** @throws LogDamaged when the store may forget entries of the journal. */
  async prepare(journal: JournalName): Promise<void> {
    if (this.prepared.has(journal)) return;
    const reason = await this.check(journal);
    if (reason !== undefined) throw new LogDamaged([journal], `its stream carries ${reason}`);
    await this.options.registry.ensure(journal);
    this.remember(journal);
  }

  /** All journals of the registry. @throws LogDamaged that names every journal the store may forget entries of. */
  async prepareAll(): Promise<void> {
    const { registry, access } = this.options;
    await registry.catchUp();
    if (access !== undefined) await this.setAcl(REGISTRY_STREAM, registryAcl(access));
    const limit = createLimit(CHECKS_MAX);
    const names = [...registry.names];
    const found = await Promise.all(names.map((journal) => limit(() => this.check(journal))));
    const damaged = names.filter((_, index) => found[index] !== undefined);
    const reasons = [...new Set(found.filter((reason) => reason !== undefined))].join(', ');
    if (damaged.length > 0) throw new LogDamaged(damaged, `the streams carry ${reasons}`);
    for (const journal of names) this.remember(journal);
  }

  private remember(journal: JournalName): void {
    if (this.prepared.size >= PREPARED_MAX) this.prepared.clear();
    this.prepared.add(journal);
  }

  /** The metadata that forbids writing; undefined when all is well. Sets the access list when there is none. */
  private async check(journal: JournalName): Promise<string | undefined> {
    const { reader, access } = this.options;
    const reason = forgettingIn(await readMetadata(reader, journal));
    if (reason === undefined && access !== undefined) await this.setAcl(journal, journalAcl(access));
    return reason;
  }

  /** An access list that is there already is an operator's, and stays. */
  private async setAcl(stream: string, acl: Readonly<Record<string, unknown>>): Promise<void> {
    const { connections, reader, patience } = this.options;
    await patiently(patience, async () => {
      for (;;) {
        const current = await readMetadata(reader, stream);
        if (hasAcl(current)) return;
        const metadata = { ...current.metadata, $acl: acl };
        if (await writeMetadata(connections, stream, { ...current, metadata })) return;
      }
    });
  }
}
