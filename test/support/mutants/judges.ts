import { FOREIGN_DEPTH_MAX, readAdmissionReview, readJson } from '@verdict/contracts';
import {
  admissionChange,
  admissionEvidence,
  type ClusterTerms,
  DEFAULT_ANNOTATION_PREFIXES,
  DEFAULT_TRUSTED_CONTROLLERS,
  type PriceBook,
  pricePlan,
  readPlan,
  reducePlan,
  readPriceBook,
  type RawJson,
} from '@verdict/domain';

/** What became of a mutant: how it was read, or the code of its refusal. Whatever throws is a defect. */
export type Judge = (bytes: Uint8Array) => string;

const TERMS: ClusterTerms = {
  kind: 'k8s',
  cluster_id: 'east',
  project_rules: [{ namespace: '*', project_id: 'web', environment: 'prod', from_object: true, allowed: ['*'] }],
  annotation_prefixes: DEFAULT_ANNOTATION_PREFIXES,
  trusted_controllers: DEFAULT_TRUSTED_CONTROLLERS,
};
const METADATA_BYTES_MAX = 64 * 1024;
const REFERENCE_LENGTH_MAX = 512;

export const bookOf = (text: string): PriceBook => {
  const read = readJson(Buffer.from(text), { depthMax: FOREIGN_DEPTH_MAX });
  const reading = read.kind === 'ok' ? readPriceBook(read.value) : undefined;
  if (reading?.kind !== 'book') throw new Error('not a price book');
  return reading.book;
};

const ensure = (isTrue: boolean, rule: string): void => {
  if (!isTrue) throw new Error(rule);
};

/** A review that is read has a bounded question and exactly one priced line; unknown is never an amount. */
export const reviewJudge =
  (book: PriceBook): Judge =>
  (bytes) => {
    const reading = readAdmissionReview(bytes);
    if (reading.kind === 'refused') return reading.code;
    const asked = admissionChange(reading.request, TERMS, () => null);
    ensure(Buffer.byteLength(asked.metadata) <= METADATA_BYTES_MAX, 'metadata is at most 64 KiB');
    ensure(asked.reference.length >= 1 && asked.reference.length <= REFERENCE_LENGTH_MAX, 'a reference is bounded');
    const priced = admissionEvidence(asked.change).priceWith(book);
    ensure(priced.lines.length === 1, 'a review has one line');
    ensure(priced.completeness !== 'unknown' || priced.monthly === 0n, 'what is unknown has no amount');
    return priced.completeness;
  };

const priced = (raw: RawJson, book: PriceBook): string => {
  const reading = readPlan(raw);
  if (reading.kind !== 'plan') return reading.code;
  const { completeness, monthlyDelta, lines } = pricePlan(reading.plan, book);
  ensure((completeness === 'unknown') === (monthlyDelta === null), 'what is unknown has no amount');
  ensure(lines.length <= 1000, 'at most 1,000 lines are recorded');
  return completeness;
};

/** A plan that is read has a price or none, and the same once a client has reduced it. */
export const planJudge =
  (book: PriceBook): Judge =>
  (bytes) => {
    const read = readJson(bytes, { depthMax: FOREIGN_DEPTH_MAX });
    if (read.kind === 'malformed') return 'malformed_json';
    const whole = priced(read.value, book);
    ensure(priced(reducePlan(read.value), book) === whole, 'a reduced plan costs what the whole one does');
    return whole;
  };
