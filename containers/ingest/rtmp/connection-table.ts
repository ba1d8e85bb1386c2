interface Entry<T> {
  readonly connection: T;
  readonly group: Group<T>;
}

/** The connections of one address. */
interface Group<T> {
  readonly address: string;
  count: number;
  readonly strangers: Set<T>;
}

/**
 * Who is connected. When it is full, the oldest connection that has not published yet makes room, first of
 * all among those of the same address: a flood of half-open connections displaces itself, a real encoder needs a
 * second or less to publish, and one that publishes is never displaced.
 */
export class ConnectionTable<T> {
  readonly #max: number;
  readonly #maxPerAddress: number;
  readonly #evict: (connection: T) => void;
  readonly #entries = new Map<T, Entry<T>>();
  readonly #groups = new Map<string, Group<T>>();
  /** Not published yet, in the order of their coming. */
  readonly #strangers = new Set<T>();

  constructor(
    limits: { readonly max: number; readonly maxPerAddress: number },
    evict: (connection: T) => void,
  ) {
    this.#max = limits.max;
    this.#maxPerAddress = limits.maxPerAddress;
    this.#evict = evict;
  }

  get size(): number {
    return this.#entries.size;
  }

  connections(): IterableIterator<T> {
    return this.#entries.keys();
  }

  /** Makes room for one more of this address; false when everybody there is publishing. */
  makeRoom(address: string): boolean {
    const group = this.#groups.get(groupOf(address));
    if (group !== undefined && group.count >= this.#maxPerAddress) return this.#displace(group.strangers);
    return this.#entries.size < this.#max || this.#displace(this.#strangers);
  }

  add(connection: T, address: string): void {
    const key = groupOf(address);
    const group = this.#groups.get(key) ?? { address: key, count: 0, strangers: new Set<T>() };
    this.#groups.set(key, group);
    group.count += 1;
    group.strangers.add(connection);
    this.#strangers.add(connection);
    this.#entries.set(connection, { connection, group });
  }

  /** It publishes now: it will not be displaced. */
  settle(connection: T): void {
    this.#entries.get(connection)?.group.strangers.delete(connection);
    this.#strangers.delete(connection);
  }

  remove(connection: T): void {
    const entry = this.#entries.get(connection);
    if (entry === undefined) return;
    this.settle(connection);
    this.#entries.delete(connection);
    entry.group.count -= 1;
    if (entry.group.count === 0) this.#groups.delete(entry.group.address);
  }

  #displace(candidates: ReadonlySet<T>): boolean {
    const [oldest] = candidates;
    if (oldest === undefined) return false;
    this.remove(oldest);
    this.#evict(oldest);
    return true;
  }
}

/** IPv4 as it is (also where it is written as IPv6), IPv6 by its /64. */
export function groupOf(address: string): string {
  const plain = plainAddress(address);
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::', 2);
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}

export const plainAddress = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
