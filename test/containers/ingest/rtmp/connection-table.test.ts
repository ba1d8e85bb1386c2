import { describe, expect, it } from 'vitest';
import { ConnectionTable, groupOf } from '../../../../containers/ingest/rtmp/connection-table.ts';

function tableOf(max: number, maxPerAddress: number) {
  const evicted: string[] = [];
  const table = new ConnectionTable<string>({ max, maxPerAddress }, (name) => void evicted.push(name));
  const enter = (name: string, address: string): boolean => {
    const room = table.makeRoom(address);
    if (room) table.add(name, address);
    return room;
  };
  return { table, evicted, enter };
}

describe('the connection table', () => {
  it('displaces the oldest stranger of the same address when that has its share', () => {
    const { enter, evicted, table } = tableOf(10, 2);
    enter('other', '10.0.0.9');
    for (const name of ['a', 'b', 'c']) expect(enter(name, '10.0.0.1')).toBe(true);
    expect(evicted).toStrictEqual(['a']);
    expect(table.size).toBe(3);
  });

  it('displaces the oldest stranger of all when it is full', () => {
    const { enter, evicted } = tableOf(2, 2);
    for (const [name, address] of [
      ['a', '1.1.1.1'],
      ['b', '2.2.2.2'],
      ['c', '3.3.3.3'],
    ] as const)
      enter(name, address);
    expect(evicted).toStrictEqual(['a']);
  });

  it('never displaces one that publishes', () => {
    const { enter, evicted, table } = tableOf(2, 2);
    enter('a', '1.1.1.1');
    table.settle('a');
    enter('b', '2.2.2.2');
    expect(enter('c', '3.3.3.3')).toBe(true);
    expect(evicted).toStrictEqual(['b']);
    table.settle('c');
    expect(enter('d', '4.4.4.4')).toBe(false);
    expect([...table.connections()]).toStrictEqual(['a', 'c']);
  });

  it('has room again when somebody has left', () => {
    const { enter, evicted, table } = tableOf(1, 1);
    enter('a', '1.1.1.1');
    table.settle('a');
    table.remove('a');
    table.remove('a');
    expect(enter('b', '1.1.1.1')).toBe(true);
    expect(evicted).toStrictEqual([]);
    expect(table.size).toBe(1);
  });

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::', 'fe80:0:0:0'],
  ])('groups %s as %s', (address, group) => {
    expect(groupOf(address)).toBe(group);
  });
});
