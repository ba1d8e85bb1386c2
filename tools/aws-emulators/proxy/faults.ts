import { AwsRefusal, bodyOf, withBody, type Answer, type Call, type Service } from './wire.ts';

/** Changes of an answer, by name: rules are data, and may come from a seed. */
const transforms = {
  /** Everything that was asked for is MISSING. */
  'all-missing': (call: Call, answer: Answer): Answer => {
    const asked = (call.input['tasks'] ?? call.input['containerInstances'] ?? []) as readonly string[];
    return withBody(answer, {
      ...bodyOf(answer),
      tasks: [],
      containerInstances: [],
      failures: asked.map((arn) => ({ arn, reason: 'MISSING' })),
    });
  },
  /** The first of a list has not arrived where the answer was read (eventual consistency). */
  'first-unseen': (_: Call, answer: Answer): Answer => {
    const body = bodyOf(answer);
    const cut = Object.entries(body).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.slice(1) : value,
    ]);
    return withBody(answer, Object.fromEntries(cut));
  },
  /** RunTask that places nothing. */
  'no-capacity': (_: Call, answer: Answer): Answer =>
    withBody(answer, { tasks: [], failures: [{ reason: 'RESOURCE:MEMORY' }] }),
} as const satisfies Readonly<Record<string, (call: Call, answer: Answer) => Answer>>;

interface Where {
  readonly service: Service;
  /** Every operation of the service when absent. */
  readonly operation?: string;
  /** Matching calls that pass before it strikes; 0 by default. */
  readonly after?: number;
  /** How often it strikes; 1 by default. */
  readonly times?: number;
}

export type Fault = Where &
  (
    | { readonly kind: 'error'; readonly code: string; readonly status?: number }
    /** The connection breaks before anything is done. */
    | { readonly kind: 'reset' }
    /** Done, but the caller never hears of it. */
    | { readonly kind: 'lost-reply' }
    | { readonly kind: 'delay'; readonly ms: number }
    | { readonly kind: 'rewrite'; readonly transform: keyof typeof transforms }
  );

/** How each service says that it is asked too often. */
export const throttles: Readonly<Record<Service, { readonly code: string; readonly status: number }>> = {
  autoscaling: { code: 'Throttling', status: 400 },
  dynamodb: { code: 'ProvisionedThroughputExceededException', status: 400 },
  ec2: { code: 'RequestLimitExceeded', status: 503 },
  ecr: { code: 'ThrottlingException', status: 400 },
  ecs: { code: 'ThrottlingException', status: 400 },
  elasticloadbalancing: { code: 'Throttling', status: 400 },
  monitoring: { code: 'ThrottlingException', status: 400 },
  route53: { code: 'Throttling', status: 400 },
};

/** One fault for every operation that is called, of one kind. */
export interface Sweep {
  readonly kind: 'throttle' | 'reset' | 'lost-reply';
  /** Calls in a row that meet it: as many as the SDK makes attempts, and its caller hears of it. */
  readonly times: number;
  /** Calls of the operation that pass before; may differ from one to the next. */
  after(service: Service, operation: string): number;
}

interface Armed {
  readonly fault: Fault;
  seen: number;
  struck: number;
}

/** Rules that wait for their call. */
export class Faults {
  readonly #armed: Armed[] = [];
  readonly #struck: { readonly fault: Fault; readonly operation: string }[] = [];

  #sweep: Sweep | undefined;
  readonly #swept = new Set<string>();

  add(fault: Fault): void {
    this.#armed.push({ fault, seen: 0, struck: 0 });
  }

  sweep(sweep: Sweep): void {
    this.#sweep = sweep;
  }

  clear(): void {
    this.#armed.length = 0;
    this.#struck.length = 0;
    this.#swept.clear();
    this.#sweep = undefined;
  }

  get struck(): readonly { readonly fault: Fault; readonly operation: string }[] {
    return this.#struck;
  }

  /** The fault that this call meets; counted as struck. */
  meet(call: Call): Fault | undefined {
    this.#armSwept(call);
    for (const armed of this.#armed) {
      const { fault } = armed;
      if (fault.service !== call.service) continue;
      if (fault.operation !== undefined && fault.operation !== call.operation) continue;
      armed.seen += 1;
      if (armed.seen <= (fault.after ?? 0) || armed.struck >= (fault.times ?? 1)) continue;
      armed.struck += 1;
      this.#struck.push({ fault, operation: call.operation });
      return fault;
    }
    return undefined;
  }

  /** The first call of an operation arms its fault. */
  #armSwept({ service, operation }: Call): void {
    const sweep = this.#sweep;
    if (sweep === undefined || this.#swept.has(`${service} ${operation}`)) return;
    this.#swept.add(`${service} ${operation}`);
    const where = { service, operation, times: sweep.times, after: sweep.after(service, operation) };
    this.add(
      sweep.kind === 'throttle'
        ? { ...where, kind: 'error', ...throttles[service] }
        : { ...where, kind: sweep.kind },
    );
  }
}

export const refusalOf = (fault: Extract<Fault, { readonly kind: 'error' }>): AwsRefusal =>
  new AwsRefusal(
    fault.status ?? throttles[fault.service].status,
    fault.code,
    `made by a test: ${fault.code}`,
  );

export const transformed = (
  fault: Extract<Fault, { readonly kind: 'rewrite' }>,
  call: Call,
  answer: Answer,
): Answer => transforms[fault.transform](call, answer);
