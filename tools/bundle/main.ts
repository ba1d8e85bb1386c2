/** `node tools/bundle/main.ts [FILE]`: writes the scheduler's Lambda as one file and says how large it is. */
import { join } from 'node:path';
import { bundleScheduler } from './lambda.ts';

const [file = join(import.meta.dirname, '..', '..', 'dist', 'lambda', 'scheduler', 'index.mjs')] =
  process.argv.slice(2);
const { bytes } = await bundleScheduler(file);
console.log(`${file}: ${bytes} bytes`);
