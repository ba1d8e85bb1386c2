import { expect, test } from 'vitest';
import { Flights } from '../../../local/edge/flights.ts';
import { deferred } from './harness.ts';

test('requests under one key share one start; the first one knows that it was first', async () => {
  const flights = new Flights<string>();
  let starts = 0;
  const start = async (): Promise<string> => {
    starts += 1;
    await Promise.resolve();
    return 'x';
  };
  const tickets = [flights.join('a', start), flights.join('a', start), flights.join('b', start)];
  expect(tickets.map(({ first }) => first)).toEqual([true, false, true]);
  expect(await Promise.all(tickets.map(({ result }) => result))).toEqual(['x', 'x', 'x']);
  expect(starts).toBe(2);
  expect(flights.size).toBe(0);
});

test('a failure is everybody’s, and the next request starts anew', async () => {
  const flights = new Flights<string>();
  const failing = (): Promise<string> => Promise.reject(new Error('down'));
  const tickets = [flights.join('a', failing), flights.join('a', failing)];
  for (const { result } of tickets) await expect(result).rejects.toThrow('down');
  expect(flights.join('a', () => Promise.resolve('up')).first).toBe(true);
});

test('one that leaves, twice even, ends nothing for the others; the last one ends the flight', () => {
  const flights = new Flights<string>();
  let signal: AbortSignal | undefined;
  const start = (given: AbortSignal): Promise<string> => {
    signal = given;
    return new Promise(() => undefined);
  };
  const first = flights.join('a', start);
  const second = flights.join('a', start);
  first.leave();
  first.leave();
  expect(signal?.aborted).toBe(false);
  second.leave();
  expect(signal?.aborted).toBe(true);
  expect(flights.size).toBe(0);
});

test('who comes after the last one left gets a flight of his own, which the old one’s end does not touch', async () => {
  const flights = new Flights<string>();
  const held = deferred();
  flights.join('a', () => held.promise.then(() => 'old')).leave();
  const fresh = flights.join('a', () => new Promise<string>(() => undefined));
  expect(fresh.first).toBe(true);
  held.resolve();
  await held.promise;
  await Promise.resolve();
  expect(flights.size).toBe(1);
});

test('leaving after the landing does nothing', async () => {
  const flights = new Flights<string>();
  let signal: AbortSignal | undefined;
  const ticket = flights.join('a', (given) => {
    signal = given;
    return Promise.resolve('x');
  });
  await ticket.result;
  ticket.leave();
  expect(signal?.aborted).toBe(false);
});
