interface Place {
  readonly stream: string;
  readonly revision: bigint;
}

export const IDS_MAX = 65_536;

/** The server's best-effort memory of event ids, the only idempotency of `any` and `stream_exists`. */
export class RecentIds {
  private readonly places = new Map<string, Place>();

  remember(id: string, place: Place): void {
    this.places.delete(id); // Last in again, so that the oldest goes first.
    this.places.set(id, place);
    if (this.places.size <= IDS_MAX) return;
    const [oldest] = this.places.keys();
    if (oldest !== undefined) this.places.delete(oldest);
  }

  revisionOf(stream: string, id: string): bigint | undefined {
    const place = this.places.get(id);
    return place?.stream === stream ? place.revision : undefined;
  }

  forget(stream?: string): void {
    for (const [id, place] of this.places) if (stream === undefined || place.stream === stream) this.places.delete(id);
  }
}
