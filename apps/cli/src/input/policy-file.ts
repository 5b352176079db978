import { readPolicy, toWire } from '@verdict/contracts';
import { isRawObject, memberOf, type PolicyDocument, type RawJson, type RuleEngine } from '@verdict/domain';
import { CliFailure, wrongCall } from '../failure.js';
import type { ExitCode, Io } from '../io.js';
import { readJsonInput } from './input-file.js';

/** A file may hold the document itself, or an answer of `policy show` with the document in it. */
export const policyFileOf = async (io: Io, path: string): Promise<RawJson> => {
  const raw = await readJsonInput(io, path);
  if (!isRawObject(raw)) throw wrongCall('policy_invalid', `${path} is not a policy: it must be a JSON object`);
  return memberOf(raw, 'document') ?? raw;
};

/**
 * The same, complete, checked here as the server would.
 * @throws CliFailure with every defect; `exit` is how the command ends then.
 */
export const policyDocumentOf = async (
  io: Io,
  path: string,
  { rules, exit }: { readonly rules: RuleEngine; readonly exit: ExitCode },
): Promise<PolicyDocument> => {
  const reading = readPolicy(toWire(await policyFileOf(io, path)), rules);
  if (reading.kind === 'policy') return reading.document;
  throw new CliFailure(exit, {
    code: 'policy_invalid',
    title: 'the policy has defects',
    retry: 'never',
    idempotencyKey: null,
    errors: reading.errors,
  });
};
