import { createHmac } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { gateKeys, readGate } from '../core/gate/gate.ts';
import type { GateTools } from '../lambda/gate/event.ts';

/** In place of CloudFront's KeyValueStore: the gate's value and the secret of its passes, in a file. */
export interface GateStore extends GateTools {
  readonly value: string;
  /** @throws RangeError for what is no value of the gate */
  write(value: string): void;
}

const kept = z.object({ [gateKeys.value]: z.string(), [gateKeys.secret]: z.string() });

export function openGateStore(options: {
  readonly file: string;
  readonly clock: { now(): number };
  readonly random: (size: number) => Uint8Array;
}): GateStore {
  const { file, clock, random } = options;
  let values: Readonly<Record<string, string>> = existsSync(file)
    ? kept.parse(JSON.parse(readFileSync(file, 'utf8')))
    : { [gateKeys.value]: 'open', [gateKeys.secret]: Buffer.from(random(32)).toString('hex') };

  const save = (next: typeof values): void => {
    writeFileSync(`${file}.new`, JSON.stringify(next), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    values = next;
  };
  if (!existsSync(file)) save(values);

  return {
    get value() {
      return values[gateKeys.value] ?? 'open';
    },
    write: (value) => {
      if (readGate(value) === undefined) throw new RangeError(`'${value}' is no value of the gate`);
      save({ ...values, [gateKeys.value]: value });
    },
    read: (key) => {
      const value = values[key];
      return value === undefined ? Promise.reject(new RangeError(`no ${key}`)) : Promise.resolve(value);
    },
    hmac: (secret, text) => createHmac('sha256', secret).update(text).digest('hex'),
    nowMs: () => clock.now(),
    random: () => Math.random(),
  };
}
