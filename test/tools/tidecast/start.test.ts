import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..');

async function start(command: string, args: readonly string[], cwd: string) {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}

describe('in a checkout', () => {
  it('npx tidecast and npm run tidecast -- are the command, with its exit code and nothing else on stdout', async () => {
    for (const [command, args] of [
      ['npx', ['tidecast']],
      ['npm', ['run', '--silent', 'tidecast', '--']],
    ] as const) {
      const help = await start(command, [...args, '--help'], root);
      expect(help.code).toBe(0);
      expect(help.out).toMatch(/^tidecast: looks after the fleet/);
      const wrong = await start(command, [...args, 'flete', '--json'], root);
      expect(wrong.code).toBe(2);
      expect(JSON.parse(wrong.out).error.kind).toBe('usage');
    }
  });

  it('files are those of the folder in which it is called', async () => {
    const { err } = await start('npx', ['tidecast', 'plan', '--snapshot', 'overview.md'], join(root, 'docs'));
    expect(err).toContain('--snapshot overview.md is not JSON');
  });
});
