import { isWantedReview, readVerdict } from './gate-requests.mjs';

const GROWTH = 65_536;

/** Percentile of sorted values by nearest rank. */
export const percentile = (sorted, percent) =>
  sorted.length === 0 ? 0 : sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];

/** Counts answers and keeps every latency, so that no bucket rounds a percentile. */
export class Recorder {
  constructor(kind = 'generic') {
    this.isReview = kind === 'review';
    this.latencies = new Float64Array(GROWTH);
    this.count = 0;
    this.statuses = {};
    this.otherVerdicts = 0;
    /** One line per acknowledged decision: tenant, revision, leaf hash. */
    this.acknowledged = [];
  }

  add(tenant, { status, body }, latencyMs) {
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    this.keep(latencyMs);
    if (status < 200 || status > 299) return;
    if (this.isReview) {
      if (!isWantedReview(body)) this.otherVerdicts += 1;
      return;
    }
    const verdict = readVerdict(body);
    if (verdict?.isWanted !== true) this.otherVerdicts += 1;
    if (verdict !== undefined) this.acknowledged.push(`${tenant} ${verdict.revision} ${verdict.leafHash}`);
  }

  keep(latencyMs) {
    if (this.count === this.latencies.length) {
      const larger = new Float64Array(this.count + GROWTH);
      larger.set(this.latencies);
      this.latencies = larger;
    }
    this.latencies[this.count] = latencyMs;
    this.count += 1;
  }

  summary(seconds) {
    const sorted = this.latencies.subarray(0, this.count).sort();
    const good = Object.entries(this.statuses).reduce(
      (sum, [status, count]) => (/^2/.test(status) ? sum + count : sum),
      0,
    );
    return {
      seconds,
      requests: this.count,
      rps: good / seconds,
      p50Ms: percentile(sorted, 50),
      p99Ms: percentile(sorted, 99),
      maxMs: sorted.at(-1) ?? 0,
      non2xx: this.count - good,
      otherVerdicts: this.otherVerdicts,
      statuses: this.statuses,
    };
  }
}
