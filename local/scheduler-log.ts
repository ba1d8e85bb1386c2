import type { SchedulerLog } from '../lambda/scheduler/loop.ts';
import { openLogFile } from './log-file.ts';

/** The scheduler's log in a file of its own, a JSON object a line as Lambda's. */
export function schedulerLog(file: string): SchedulerLog {
  const log = openLogFile(file);
  const write =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>>): void =>
      log.write(
        Buffer.from(
          `${JSON.stringify({ time: new Date().toISOString(), level, message, ...plain(fields) })}\n`,
        ),
      );
  return { info: write('info'), warn: write('warn'), error: write('error') };
}

/** Errors have no fields that JSON would see. */
const plain = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? (value.stack ?? String(value)) : value,
    ]),
  );
