import { describe, expect, it } from 'vitest';
import { findings } from '../../../tools/check/rules.ts';

const messages = (path: string, text: string): readonly string[] =>
  findings([{ path, text }], '/home/somebody/tidecast').map((finding) => finding.message);

describe('the rules of the house', () => {
  it('let a container import runtime and core', () => {
    expect(
      messages(
        'containers/api/app.ts',
        `import { x } from '../../runtime/x.ts';\nimport y from '../../core/y.ts';`,
      ),
    ).toEqual([]);
  });

  it('refuse an arrow between two programs', () => {
    expect(messages('containers/api/app.ts', `import { x } from '../ingest/x.ts';`)).toEqual([
      'imports containers/ingest/x.ts: containers/api may import only itself and runtime, core',
    ]);
  });

  it('refuse it in an import over several lines, in a type import, a re-export and a dynamic one', () => {
    for (const text of [
      `import {\n  a,\n  b,\n} from '../runtime/x.ts';`,
      `import type { A } from '../runtime/x.ts';`,
      `export { a } from '../runtime/x.ts';`,
      `const x = await import('../runtime/x.ts');`,
    ]) {
      expect(messages('core/a.ts', text), text).toHaveLength(1);
    }
  });

  it('keep core free of I/O', () => {
    expect(messages('core/a.ts', `import { readFile } from 'node:fs/promises';`)).toHaveLength(1);
    expect(messages('core/a.ts', `import { z } from 'zod';`)).toEqual([]);
  });

  it('bound the length of a file', () => {
    expect(messages('core/a.ts', 'x\n'.repeat(400))).toEqual([]);
    expect(messages('core/a.ts', 'x\n'.repeat(401))).toHaveLength(1);
  });

  it('find paths of the machine, focused tests and registry hosts', () => {
    expect(messages('docs/a.md', 'see /home/somebody/tidecast/x')).toHaveLength(1);
    expect(messages('test/a.test.ts', ['it', 'only("x", () => {});'].join('.'))).toHaveLength(1);
    expect(messages('package-lock.json', '"resolved": "https://registry.invalid/x.tgz"')).toHaveLength(1);
  });
});
