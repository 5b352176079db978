import type { AskForChange, DecisionRecorded } from '@verdict/domain';

const MEMBERS = [
  ['action', '/action'],
  ['resource_reference', '/resource_reference'],
  ['project_id', '/project_id'],
  ['environment_raw', '/environment'],
  ['declared_monthly_delta_usd', '/estimated_monthly_delta_usd'],
  ['declared_hourly_delta_usd', '/estimated_hourly_delta_usd'],
  ['metadata', '/metadata'],
] as const;
const OPTIONS = {
  stage: '/stage',
  workspace_id: '/workspace_id',
  plan_sha256: '/plan_sha256',
  resource_changes_sha256: '/plan',
  infracost_sha256: '/infracost',
  atomic: '/atomic',
} as const;

/** JSON pointers of what a repeated key asks differently from its first request. @source contract section 1 */
export const differingFields = (first: DecisionRecorded, again: AskForChange): readonly string[] => {
  const members = MEMBERS.flatMap(([name, pointer]) => (first.request[name] === again.request[name] ? [] : [pointer]));
  const options = Object.entries(OPTIONS).flatMap(([name, pointer]) =>
    first.request.options[name] === again.request.options[name] ? [] : [pointer],
  );
  return [...members, ...options];
};
