import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tidecast, tidecastAt } from './command.ts';
import { startInstallation, type Installation } from './installation.ts';

let installation: Installation;
beforeAll(async () => {
  installation = await startInstallation();
});
afterAll(() => installation.close());

describe('the exit code says what kind of trouble it was', () => {
  it('2: a mistyped command or option, with what was probably meant', async () => {
    const command = await tidecast(['flete']);
    expect(command).toMatchObject({ code: 2, out: '' });
    expect(command.err).toBe("tidecast: there is no command 'flete'\nDid you mean tidecast fleet?\n");
    const option = await tidecast(['plan', '--polcy', 'x.json']);
    expect(option.err).toBe('tidecast: there is no option --polcy\nDid you mean --policy?\n');
    expect(option.code).toBe(2);
  });

  it('2: an option of another command, a word too many, one too few, an option without its value', async () => {
    for (const [args, text] of [
      [['fleet', '--yes'], 'tidecast fleet takes no --yes'],
      [['fleet', 'in-01'], "does not know what to do with 'in-01'"],
      [['why'], 'tidecast why needs <task|host|slot>'],
      [['drain', 'x', '--reason', '--json'], '--reason needs a value'],
      [['fleet', '--url', 'ftp://x'], '--url is not an http or https address: ftp://x'],
    ] as const) {
      const { code, err } = await tidecast(args);
      expect({ args, code }).toEqual({ args, code: 2 });
      expect(err).toContain(text);
    }
  });

  it('2: nobody said which installation', async () => {
    const { code, err } = await tidecast(['fleet', '--data', installation.data]);
    expect(code).toBe(2);
    expect(err).toContain('--url');
    expect(err).toContain(`no control.json in ${installation.data}`);
  });

  it('3: nobody answers, or what answers has trouble behind it', async () => {
    const nobody = await tidecast(['fleet', '--url', 'http://127.0.0.1:9'], {
      env: { TIDECAST_TOKEN: 'a.b' },
    });
    expect(nobody).toMatchObject({ code: 3, out: '' });
    expect(nobody.err).toContain("http://127.0.0.1:9 can't be reached");
    installation.failWith = { status: 503, detail: 'The scheduler has not finished a pass yet.' };
    const early = await tidecastAt(installation, ['fleet']);
    installation.failWith = undefined;
    expect(early.code).toBe(3);
    expect(early.err).toContain('The scheduler has not finished a pass yet.');
  });

  it('4: the token is refused, or is not of an operator; with the way out and without the token', async () => {
    const refused = await tidecastAt(installation, ['fleet'], { TIDECAST_TOKEN: 'very.secret.token' });
    expect(refused).toMatchObject({ code: 4, out: '' });
    expect(refused.err).toContain('The token was refused');
    expect(refused.err).toContain('TIDECAST_TOKEN');
    expect(refused.err).not.toContain('very.secret');
    installation.failWith = { status: 403, detail: 'This is for operators.' };
    const stranger = await tidecastAt(installation, ['fleet']);
    installation.failWith = undefined;
    expect(stranger.code).toBe(4);
    expect(stranger.err).toContain('group “operators”');
  });

  it('1: what answers is no Tidecast, or sends on to another place, which the token does not follow', async () => {
    installation.failWith = { status: 404 };
    const other = await tidecastAt(installation, ['fleet']);
    expect(other.code).toBe(1);
    expect(other.err).toContain('Is this the address of a Tidecast installation');
    installation.failWith = { status: 302 };
    const moved = await tidecastAt(installation, ['fleet']);
    installation.failWith = undefined;
    expect(moved.code).toBe(2);
    expect(moved.err).toContain('sends on to https://elsewhere.example/login');
  });

  it('with --json the trouble is one document too', async () => {
    const { code, out } = await tidecast(['flete', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(out)).toEqual({
      error: { kind: 'usage', message: "there is no command 'flete'", hint: 'Did you mean tidecast fleet?' },
    });
  });
});

describe('secrets', () => {
  it('are not taken as arguments, and not repeated when somebody tries', async () => {
    const argument = await tidecast(['fleet', '--token=s3cr3t']);
    expect(argument.code).toBe(2);
    expect(argument.err).toContain('TIDECAST_TOKEN');
    expect(argument.err).not.toContain('s3cr3t');
    const address = await tidecast(['fleet', '--url', 'https://me:s3cr3t@tidecast.example']);
    expect(address.code).toBe(2);
    expect(address.err).not.toContain('s3cr3t');
  });

  it('are not sent over plain http beyond this machine', async () => {
    const { code, err } = await tidecast(['fleet', '--url', 'http://tidecast.example'], {
      env: { TIDECAST_TOKEN: 'a.b' },
    });
    expect(code).toBe(2);
    expect(err).toContain('Use https://tidecast.example');
  });
});

describe('help', () => {
  it('is there for the command and each of its commands, with the exit codes, and asks nobody', async () => {
    const { code, out } = await tidecast(['--help']);
    expect(code).toBe(0);
    expect(out).toContain('Exit codes: 0 done · 1 failed · 2 wrong usage · 3 not reachable · 4 not allowed');
    const names = [...out.matchAll(/^ {2}([a-z-]+) .{5,}$/gm)].map(([, name]) => name ?? '');
    const commands = ['fleet', 'why', 'plan', 'drain', 'keep', 'force-stop', 'release', 'kill-host'];
    expect(names).toEqual(expect.arrayContaining(commands));
    const helps = await Promise.all(commands.map((each) => tidecast([each, '--help'])));
    for (const [index, help] of helps.entries()) {
      expect(help).toMatchObject({ code: 0, err: '' });
      expect(help.out).toContain(`tidecast ${commands[index]}`);
    }
  });
});
