import type { ChangeRequest } from '@verdict/application';
import {
  type EventGateBody,
  FOREIGN_MEMBERS,
  type GateBody,
  type PreflightBody,
  type ReadCloudEvent,
} from '@verdict/contracts';
import {
  boundedReference,
  formatUsd4,
  formatUsd6,
  jcsText,
  labelOf,
  normaliseEnvironment,
  NumberToken,
  sha256Hex,
} from '@verdict/domain';
import type { z } from 'zod';

type EventInput = z.output<typeof EventGateBody>;
type GateInput = z.output<typeof GateBody>;
type PreflightInput = z.output<typeof PreflightBody>;

const common = (body: Omit<EventInput, 'resource_reference'>) => ({
  action: body.action,
  projectId: body.project_id,
  environment: body.environment,
  claim: {
    method: 'declared' as const,
    monthly: body.estimated_monthly_delta_usd ?? null,
    hourly: body.estimated_hourly_delta_usd ?? null,
    isInvalid: false,
  },
  metadata: body.metadata ?? '{}',
  // Handed through as the strict reader read them.
  documents: { plan: body.plan, resourceChanges: body.resource_changes, infracost: body.infracost },
  planSha256: body.plan_sha256 ?? null,
  isDryRun: body.dry_run,
  expectedFingerprint: body.expected_request_fingerprint ?? null,
  justification: body.justification ?? null,
  ticket: body.ticket ?? null,
});

/** A generic question of a source. */
export const changeOf = (body: GateInput, source: ChangeRequest['source']): ChangeRequest => ({
  source,
  resourceReference: body.resource_reference,
  run: null,
  ...common(body),
});

/** A question of a Terraform run. */
export const preflightOf = (body: PreflightInput): ChangeRequest => ({
  ...changeOf(body, 'terraform'),
  run: {
    // Members in canonical order, so that sealing has nothing to sort.
    callback_url: body.callback_url ?? null,
    run_id: body.run_id,
    run_url: body.run_url ?? null,
    stage: body.stage,
    workspace_id: body.workspace_id ?? null,
    workspace_name: body.workspace_name ?? null,
  },
});

/** Members that say how the caller asks, not what for: whoever adds one of them still asks for the same change. */
const HOW_ASKED: ReadonlySet<string> = new Set([
  'dry_run',
  'expected_request_fingerprint',
  'idempotency_key',
  'justification',
  'ticket',
]);

/** A source may be longer than a reference, which whoever uses the approval has to name. */
const referenceOf = ({ event, body }: ReadCloudEvent): string =>
  body.resource_reference ?? boundedReference(event.subject ?? event.source);

/** A plan may hold a number that no double does, such as 1e999: it stands as its text. */
const withoutInfinities = (value: unknown): unknown => {
  if (value instanceof NumberToken) return Number.isFinite(Number(value.text)) ? value : value.text;
  if (Array.isArray(value)) return value.map(withoutInfinities);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutInfinities(member)]));
};

/** The change that the data asks for, in the one spelling that the fingerprint has of it. */
const canonicalData = (read: ReadCloudEvent): string => {
  const { body, data } = read;
  const { environment, estimated_hourly_delta_usd: hourly, estimated_monthly_delta_usd: monthly } = body;
  return jcsText({
    ...Object.fromEntries(
      Object.entries(data)
        .filter(([member]) => !HOW_ASKED.has(member))
        .map(([member, value]) => [member, FOREIGN_MEMBERS.has(member) ? withoutInfinities(value) : value]),
    ),
    environment: labelOf(normaliseEnvironment(environment)),
    estimated_hourly_delta_usd: hourly === undefined ? undefined : formatUsd6(hourly),
    estimated_monthly_delta_usd: monthly === undefined ? undefined : formatUsd4(monthly),
    metadata: data['metadata'] ?? {},
    project_id: body.project_id,
    resource_reference: referenceOf(read),
  });
};

/** What the event is about binds the approval; its id and time do not, since they are new each time. */
const eventMetadata = (metadata: string, read: ReadCloudEvent): string => {
  const { event } = read;
  const about = {
    data_sha256: sha256Hex(canonicalData(read)),
    source: event.source,
    subject: event.subject ?? null,
    type: event.type,
  };
  const parsed: unknown = JSON.parse(metadata);
  return jcsText({ ...(typeof parsed === 'object' ? parsed : {}), cloud_event: about });
};

/** A question that came as a cloud event. @source contract sections 5.1, 6.2, 6.3 */
export const eventChangeOf = (read: ReadCloudEvent): ChangeRequest => {
  const { event, extensions, body } = read;
  const change = common(body);
  return {
    source: 'cloud_event',
    resourceReference: referenceOf(read),
    run: null,
    ...change,
    metadata: eventMetadata(change.metadata, read),
    event: {
      ...(extensions === null ? {} : { extensions }),
      id: event.id,
      source: event.source,
      subject: event.subject ?? null,
      time: event.time ?? null,
      type: event.type,
    },
    keyFrom: { kind: 'cloud_event', eventSource: event.source, eventId: event.id },
  };
};
