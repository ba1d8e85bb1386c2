import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants } from 'node:zlib';
import type { PassReport } from '../../../core/fleet/ports.ts';

const compress = promisify(brotliCompress);
const decompress = promisify(brotliDecompress);

/** DynamoDB's limit of an item is 400 KiB, keys and marks included. */
const maxBytes = 390 * 1024;

/**
 * The report as bytes. Ids come up again all over it, further apart than the 32 KB window of gzip: brotli
 * with a window of 16 MB makes 290 KB of 1,000 hosts with 5,000 broadcasts (2.1 MB of JSON), gzip 480 KB.
 */
const pack = async (report: PassReport): Promise<Uint8Array> => {
  const text = Buffer.from(JSON.stringify(report));
  return compress(text, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 5,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
    },
  });
};

const noFacts: PassReport['snapshot']['sources'] = {
  group: undefined,
  hosts: undefined,
  tasks: undefined,
  addresses: undefined,
  records: undefined,
  targets: undefined,
  release: undefined,
  heartbeats: undefined,
  orders: undefined,
  requests: undefined,
  events: undefined,
};

/** A fleet too large for one item keeps its memory, and loses the facts: the next pass reads them anyway. */
export async function packReport(report: PassReport): Promise<Uint8Array> {
  const whole = await pack(report);
  if (whole.length <= maxBytes) return whole;
  return pack({
    ...report,
    snapshot: { sources: noFacts, memory: report.plan.memory },
    plan: { ...report.plan, notes: [] },
    errors: [...report.errors, { call: 'report', message: 'too large to be kept with its facts' }],
  });
}

/** Undefined when it can't be understood: memory may be lost (core/fleet/memory.ts), the scheduler must not stop. */
export async function unpackReport(bytes: Uint8Array): Promise<PassReport | undefined> {
  try {
    const read: unknown = JSON.parse((await decompress(bytes)).toString());
    return typeof read === 'object' && read !== null && 'plan' in read && 'snapshot' in read
      ? (read as PassReport)
      : undefined;
  } catch {
    return undefined;
  }
}
