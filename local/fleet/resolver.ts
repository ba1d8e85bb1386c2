/** A name's answer, as its zone gives it now. */
export interface ZoneAnswer {
  readonly ips: readonly string[];
  readonly ttlS: number;
}

/** Looks the front set's name up, as the resolvers of broadcasters do. */
export interface Resolver {
  /** The addresses in the order in which a client tries them: chance, then the rest. */
  lookUp(): readonly string[];
}

/**
 * How many resolvers stand between the broadcasters and the zone. Each keeps its answer for the record's
 * time-to-live from when it asked, so that after a change some still give the old one and some the new.
 */
const resolverCount = 4;

interface Kept {
  readonly ips: readonly string[];
  readonly until: number;
}

export function createResolver(options: {
  readonly zone: () => ZoneAnswer;
  readonly clock: { now(): number };
  /** 0 to 1, 1 excluded. */
  readonly random: () => number;
}): Resolver {
  const { zone, clock, random } = options;
  const kept: (Kept | undefined)[] = Array.from({ length: resolverCount }, () => undefined);
  const below = (count: number): number => Math.floor(random() * count);

  const answerOf = (resolver: number): readonly string[] => {
    const now = clock.now();
    const before = kept[resolver];
    if (before !== undefined && now < before.until) return before.ips;
    const { ips, ttlS } = zone();
    // No such record: nothing is kept, as the zone's negative time-to-live is a second here.
    kept[resolver] = ips.length === 0 ? undefined : { ips, until: now + ttlS * 1000 };
    return ips;
  };

  return {
    lookUp: () => {
      const answer = answerOf(below(resolverCount));
      const first = below(answer.length);
      return [...answer.slice(first), ...answer.slice(0, first)];
    },
  };
}
