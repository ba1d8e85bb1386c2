import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bundleScheduler } from '../../../tools/bundle/lambda.ts';

describe("the scheduler's bundle", () => {
  it('is one module of less than 1 MB with the handler in it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidecast-bundle-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'index.mjs');
    const { bytes } = await bundleScheduler(file);
    // The promise is 1.5 MB; it is 0.9 as long as what nobody calls of EC2 stays out.
    expect(bytes).toBeLessThan(1_000_000);
    expect(readdirSync(folder)).toEqual(['index.mjs']);
    const module: unknown = await import(pathToFileURL(file).href);
    expect(module).toHaveProperty('handler');
  });
});
