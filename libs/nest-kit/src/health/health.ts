/** Resolves when the dependency answers; rejects, or takes longer than its limit, when it is down. */
export type HealthCheck = () => Promise<void>;
export const HEALTH_CHECK_MS_MAX = 2000;

export interface Readiness {
  readonly status: 'up' | 'down';
  readonly checks: Readonly<Record<string, 'up' | 'down'>>;
}

const within = async (check: HealthCheck, limitMs: number): Promise<'up' | 'down'> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'down'>((resolve) => {
    timer = setTimeout(resolve, limitMs, 'down');
  });
  try {
    return await Promise.race([check().then(() => 'up' as const), late]);
  } catch {
    return 'down'; // Why is in the logs of whoever owns the dependency; a public page names it only.
  } finally {
    clearTimeout(timer);
  }
};

/** What the health routes answer from. Modules add their dependencies; `runMain` marks the start and the end. */
export class Health {
  private readonly checks = new Map<string, HealthCheck>();
  private phase: 'starting' | 'started' | 'stopping' = 'starting';

  constructor(private readonly limitMs: number = HEALTH_CHECK_MS_MAX) {}

  add(name: string, check: HealthCheck): void {
    this.checks.set(name, check);
  }

  markStarted(): void {
    this.phase = 'started';
  }

  markStopping(): void {
    this.phase = 'stopping';
  }

  isStarted(): boolean {
    return this.phase !== 'starting';
  }

  async readiness(): Promise<Readiness> {
    const found = await Promise.all(
      [...this.checks].map(async ([name, check]) => [name, await within(check, this.limitMs)] as const),
    );
    const isUp = this.phase === 'started' && found.every(([, status]) => status === 'up');
    return { status: isUp ? 'up' : 'down', checks: Object.fromEntries(found) };
  }
}
