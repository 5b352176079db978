import { isRawObject, memberOf, type RawJson } from '@verdict/domain';
import { wrongCall } from '../failure.js';
import type { Io } from '../io.js';
import { readJsonInput } from './input-file.js';

/** A file may hold the document itself, or an answer of `policy show` with the document in it. */
export const policyFileOf = async (io: Io, path: string): Promise<RawJson> => {
  const raw = await readJsonInput(io, path);
  if (!isRawObject(raw)) throw wrongCall('policy_invalid', `${path} is not a policy: it must be a JSON object`);
  return memberOf(raw, 'document') ?? raw;
};
