import { randomUUID } from 'node:crypto';
import { admit } from './admit.js';
import type { Admitted, Attempt, KubernetesObject, User, Webhook } from './types.js';

/** A request of a user. */
export interface Asked {
  readonly user?: User;
  readonly dryRun?: boolean;
  /** How long the user waits in all. */
  readonly timeoutMs?: number;
}

const ADMIN: User = { username: 'admin@example.com', groups: ['system:authenticated'] };
const GENERATE_TRIES = 8;
const GENERATED_LENGTH = 5;
const NOT_FOUND = 404;
const CONFLICT = 409;

const refused = (code: number, message: string): Admitted => ({
  allowed: false,
  code,
  message,
  warnings: [],
  annotations: {},
  complaints: [],
});

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Changes the stored object; called again when somebody else was faster. */
export type Change = (stored: KubernetesObject) => KubernetesObject;

/** Objects in memory, admitted as a real API server admits them. It knows no schema and no defaults. */
export class ApiServer {
  private readonly objects = new Map<string, KubernetesObject>();
  /** Names that the next tries will generate; then random ones. */
  readonly nextNames: string[] = [];
  /** How many of the next writes of an UPDATE lose against another one, which then has to be admitted again. */
  conflicts = 0;
  /** Admissions of the latest request, one a try. */
  readonly attempts: Attempt[] = [];

  constructor(readonly webhooks: readonly Webhook[]) {}

  get(plural: string, namespace: string, name: string): KubernetesObject | undefined {
    return this.objects.get(`${plural}/${namespace}/${name}`);
  }

  async create(plural: string, object: KubernetesObject, asked: Asked = {}): Promise<Admitted> {
    this.attempts.length = 0;
    const generateName = textOf(object.metadata['generateName']);
    for (let tries = 1; ; tries += 1) {
      const name = textOf(object.metadata['name']) || this.generated(generateName);
      const named = { ...object, metadata: { ...object.metadata, name, uid: randomUUID() } };
      const namespace = textOf(object.metadata['namespace']);
      const admitted = await this.admit(
        { operation: 'CREATE', plural, name, namespace, object: named, oldObject: null },
        asked,
      );
      if (!admitted.allowed) return admitted;
      if (this.get(plural, namespace, name) === undefined) {
        if (asked.dryRun !== true) this.objects.set(`${plural}/${namespace}/${name}`, named);
        return admitted;
      }
      if (generateName === '' || tries === GENERATE_TRIES)
        return refused(CONFLICT, `${plural} "${name}" already exists`);
    }
  }

  async update(plural: string, namespace: string, name: string, change: Change, asked: Asked = {}): Promise<Admitted> {
    this.attempts.length = 0;
    for (;;) {
      const oldObject = this.get(plural, namespace, name);
      if (oldObject === undefined) return refused(NOT_FOUND, `${plural} "${name}" not found`);
      const object = change(oldObject);
      const admitted = await this.admit({ operation: 'UPDATE', plural, name, namespace, object, oldObject }, asked);
      if (!admitted.allowed) return admitted;
      if (this.conflicts > 0) {
        this.conflicts -= 1;
        const metadata = { ...oldObject.metadata, resourceVersion: randomUUID() };
        this.objects.set(`${plural}/${namespace}/${name}`, { ...oldObject, metadata });
        continue;
      }
      if (asked.dryRun !== true) this.objects.set(`${plural}/${namespace}/${name}`, object);
      return admitted;
    }
  }

  async scale(plural: string, namespace: string, name: string, replicas: number, asked: Asked = {}): Promise<Admitted> {
    this.attempts.length = 0;
    const stored = this.get(plural, namespace, name);
    if (stored === undefined) return refused(NOT_FOUND, `${plural} "${name}" not found`);
    const spec = typeof stored['spec'] === 'object' ? { ...stored['spec'] } : {};
    const scaleOf = (count: unknown): KubernetesObject => ({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name, namespace },
      spec: { replicas: count },
    });
    const [object, oldObject] = [scaleOf(replicas), scaleOf(Reflect.get(spec, 'replicas'))];
    const admitted = await this.admit(
      { operation: 'UPDATE', plural, subresource: 'scale', name, namespace, object, oldObject },
      asked,
    );
    if (admitted.allowed && asked.dryRun !== true)
      this.objects.set(`${plural}/${namespace}/${name}`, { ...stored, spec: { ...spec, replicas } });
    return admitted;
  }

  /** One object. `isCollection`: as one of a `deletecollection`, whose reviews have no name. */
  async delete(
    plural: string,
    namespace: string,
    name: string,
    asked: Asked & { readonly isCollection?: boolean } = {},
  ): Promise<Admitted> {
    this.attempts.length = 0;
    const oldObject = this.get(plural, namespace, name);
    if (oldObject === undefined) return refused(NOT_FOUND, `${plural} "${name}" not found`);
    const shown = asked.isCollection === true ? '' : name;
    const admitted = await this.admit(
      { operation: 'DELETE', plural, name: shown, namespace, object: null, oldObject },
      asked,
    );
    if (admitted.allowed && asked.dryRun !== true) this.objects.delete(`${plural}/${namespace}/${name}`);
    return admitted;
  }

  private admit(attempt: Omit<Attempt, 'user'>, { user = ADMIN, dryRun = false, timeoutMs }: Asked): Promise<Admitted> {
    const whole: Attempt = {
      ...attempt,
      user,
      dryRun,
      ...(timeoutMs === undefined ? {} : { remainingMs: timeoutMs }),
    };
    this.attempts.push(whole);
    return admit(this.webhooks, whole);
  }

  private generated(prefix: string): string {
    return this.nextNames.shift() ?? `${prefix}${randomUUID().replaceAll('-', '').slice(0, GENERATED_LENGTH)}`;
  }
}
