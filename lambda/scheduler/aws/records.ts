import {
  ChangeResourceRecordSetsCommand,
  ListResourceRecordSetsCommand,
  type Change,
  type ResourceRecordSet,
  type Route53Client,
} from '@aws-sdk/client-route-53';
import type { RecordFacts } from '../../../core/fleet/snapshot.ts';
import { call, callUnless } from './errors.ts';

/** The names of the front set and of the slots. */
export interface Records {
  read(signal: AbortSignal): Promise<RecordFacts>;
  setFront(ips: readonly string[], ttlS: number, signal: AbortSignal): Promise<void>;
  setSlot(slot: string, ip: string, signal: AbortSignal): Promise<void>;
  removeSlot(slot: string, ip: string, signal: AbortSignal): Promise<void>;
}

/** A slot keeps its address for as long as it has one; a minute, for the times when it gets another. */
const slotTtlS = 60;

/** Page of ListResourceRecordSets; 300 is the most. */
const pageSize = 300;

const isGone = (error: Error): boolean =>
  error.name === 'InvalidChangeBatch' && /not found|do(?:es)? not match/i.test(error.message);

const addressesOf = (set: ResourceRecordSet | undefined): readonly string[] =>
  set?.ResourceRecords?.flatMap(({ Value }) => Value ?? []) ?? [];

export function createRecords(parts: {
  readonly client: Route53Client;
  readonly zoneId: string;
  /** Of the front set, without a dot at its end: `ingest.live.example.com`. */
  readonly domain: string;
}): Records {
  const { client, zoneId, domain } = parts;
  const front = `${domain}.`;
  const nameOf = (slot: string): string => `${slot}.${front}`;

  /**
   * Route 53 sorts by the labels from the right, so everything at and below the front set's name lies
   * together: reading begins there and ends with the first name that is not below it.
   */
  async function list(signal: AbortSignal): Promise<readonly ResourceRecordSet[]> {
    const found: ResourceRecordSet[] = [];
    let from:
      | { StartRecordName?: string; StartRecordType?: 'A'; StartRecordIdentifier?: string }
      | undefined = {
      StartRecordName: front,
    };
    while (from !== undefined) {
      const answer: Awaited<ReturnType<typeof page>> = await page(from, pageSize, signal);
      const sets = answer.ResourceRecordSets ?? [];
      const below = sets.filter(({ Name }) => Name === front || Name?.endsWith(`.${front}`) === true);
      found.push(...below.filter(({ Type }) => Type === 'A'));
      from =
        answer.IsTruncated === true && below.length === sets.length && answer.NextRecordName !== undefined
          ? {
              StartRecordName: answer.NextRecordName,
              ...(answer.NextRecordType === undefined
                ? {}
                : { StartRecordType: answer.NextRecordType as 'A' }),
              ...(answer.NextRecordIdentifier === undefined
                ? {}
                : { StartRecordIdentifier: answer.NextRecordIdentifier }),
            }
          : undefined;
    }
    return found;
  }

  const page = (
    from: {
      readonly StartRecordName?: string;
      readonly StartRecordType?: 'A';
      readonly StartRecordIdentifier?: string;
    },
    size: number,
    signal: AbortSignal,
  ) =>
    call(
      'list the records',
      client.send(new ListResourceRecordSetsCommand({ HostedZoneId: zoneId, MaxItems: size, ...from }), {
        abortSignal: signal,
      }),
    );

  async function exact(name: string, signal: AbortSignal): Promise<ResourceRecordSet | undefined> {
    const { ResourceRecordSets: [set] = [] } = await page(
      { StartRecordName: name, StartRecordType: 'A' },
      1,
      signal,
    );
    return set?.Name === name && set.Type === 'A' ? set : undefined;
  }

  const send = (change: Change, signal: AbortSignal) =>
    client.send(
      new ChangeResourceRecordSetsCommand({ HostedZoneId: zoneId, ChangeBatch: { Changes: [change] } }),
      { abortSignal: signal },
    );

  const put = (name: string, ips: readonly string[], ttlS: number, signal: AbortSignal): Promise<unknown> =>
    call(
      `set the record ${name}`,
      send(
        {
          Action: 'UPSERT',
          ResourceRecordSet: {
            Name: name,
            Type: 'A',
            TTL: ttlS,
            ResourceRecords: ips.map((Value) => ({ Value })),
          },
        },
        signal,
      ),
    );

  /** A record is only removed as what it is: another may have been written since it was read. */
  const remove = (name: string, set: ResourceRecordSet, signal: AbortSignal): Promise<unknown> =>
    callUnless(
      `remove the record ${name}`,
      isGone,
      send({ Action: 'DELETE', ResourceRecordSet: set }, signal),
    );

  return {
    read: async (signal) => {
      const sets = await list(signal);
      const slots = sets.flatMap((set): readonly (readonly [string, string])[] => {
        const [ip] = addressesOf(set);
        if (set.Name === undefined || set.Name === front || ip === undefined) return [];
        return [[set.Name.slice(0, -front.length - 1), ip]];
      });
      return {
        front: addressesOf(sets.find(({ Name }) => Name === front)),
        slots: Object.fromEntries(slots),
      };
    },
    setFront: async (ips, ttlS, signal) => {
      if (ips.length > 0) {
        await put(front, [...ips].sort(), ttlS, signal);
        return;
      }
      const set = await exact(front, signal);
      if (set !== undefined) await remove(front, set, signal);
    },
    setSlot: async (slot, ip, signal) => {
      await put(nameOf(slot), [ip], slotTtlS, signal);
    },
    removeSlot: async (slot, ip, signal) => {
      const set = await exact(nameOf(slot), signal);
      // With another address it is no longer the record that was to go.
      if (set === undefined || !addressesOf(set).includes(ip)) return;
      await remove(nameOf(slot), set, signal);
    },
  };
}

/**
 * Without a domain nobody is led anywhere by name. The front set is remembered as it was told, so that it is not
 * told again in every pass; a new process is told once.
 */
export function createNamelessRecords(): Records {
  let front: readonly string[] = [];
  return {
    read: () => Promise.resolve({ front, slots: {} }),
    setFront: (ips) => {
      front = ips.toSorted();
      return Promise.resolve();
    },
    setSlot: () => Promise.resolve(),
    removeSlot: () => Promise.resolve(),
  };
}
