import {
  type GateQuota,
  type PolicyDefect,
  type PolicyDocument,
  policyDefects,
  type RuleEngine,
} from '@verdict/domain';
import { completePolicy } from './complete-policy.js';
import { PolicyDocumentInput } from './policy-document.js';
import { readablePart } from './readable-policy.js';
import { parseWith, type WireError } from './wire.js';

/** A policy text as read: complete, or every defect it has, those of its shape and those of its sense. */
export type PolicyReading =
  | { readonly kind: 'policy'; readonly document: PolicyDocument }
  | { readonly kind: 'defective'; readonly errors: readonly WireError[] };

const asError = ({ pointer, detail }: PolicyDefect): WireError => ({ pointer, detail, code: 'policy_invalid' });

/** Whether a place, or what it lies in, is among those that could not be read. */
const isAmong = (lost: readonly string[], place: string): boolean =>
  lost.some((pointer) => place === pointer || place.startsWith(`${pointer}/`));

/** The defects of sense of a text that has some of its shape; what rests on a place that cannot be read is left open. */
const senseOfTheRest = (
  value: unknown,
  shape: readonly WireError[],
  { engine, quota }: { readonly engine: Pick<RuleEngine, 'check'>; readonly quota: GateQuota | null },
): readonly WireError[] => {
  const pointers = shape.map(({ pointer }) => pointer);
  const { value: rest, lost, placeOf } = readablePart(value, pointers);
  const parsed = parseWith(PolicyDocumentInput, rest);
  if (parsed.kind === 'refused') {
    // A defect of a map's name hides those of the map's other members.
    const hidden = parsed.errors
      .map((error) => ({ ...error, pointer: placeOf(error.pointer) }))
      .filter(({ pointer }) => !isAmong(lost, pointer));
    return hidden.length === 0 ? [] : [...hidden, ...senseOfTheRest(value, [...shape, ...hidden], { engine, quota })];
  }
  return policyDefects(completePolicy(parsed.value), engine, quota)
    .filter(({ restsOn }) => !restsOn.some((place) => isAmong(lost, placeOf(place))))
    .map((defect) => asError({ ...defect, pointer: placeOf(defect.pointer) }));
};

/**
 * Reads an author's policy document and fills in the defaults. All defects are listed at once.
 *
 * @param value what the wire reader gave.
 * @param engine compiles the conditions of rules.
 * @param quota of the platform, which `rate_limits` may not exceed; null where it is not known.
 * @source contract sections 8.2, 8.6
 */
export const readPolicy = (
  value: unknown,
  engine: Pick<RuleEngine, 'check'>,
  quota: GateQuota | null = null,
): PolicyReading => {
  const parsed = parseWith(PolicyDocumentInput, value);
  if (parsed.kind === 'refused')
    return {
      kind: 'defective',
      errors: [...parsed.errors, ...senseOfTheRest(value, parsed.errors, { engine, quota })],
    };
  const document = completePolicy(parsed.value);
  const errors = policyDefects(document, engine, quota).map(asError);
  return errors.length === 0 ? { kind: 'policy', document } : { kind: 'defective', errors };
};
