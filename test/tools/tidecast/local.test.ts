import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tidecast } from './command.ts';
import { startInstallation, type Installation } from './installation.ts';

let installation: Installation;
beforeAll(async () => {
  installation = await startInstallation();
  installation.openLocalDoor();
});
afterAll(() => installation.close());

const local = (...args: readonly string[]) => tidecast([...args, '--data', installation.data]);

describe('on the local platform', () => {
  it('the command needs no token: the door of control.json gives one', async () => {
    const { code, out } = await local('fleet');
    expect(code).toBe(0);
    expect(out).toContain('in-02');
  });

  it('release makes an image, --broken one that never serves', async () => {
    const good = await local('release');
    expect(good).toMatchObject({ code: 0, err: '' });
    expect(good.out).toContain('Released an image: 600d600');
    const broken = await local('release', '--broken', '--json');
    expect(JSON.parse(broken.out)).toMatchObject({
      broken: true,
      digest: expect.stringMatching(/^sha256:bad0bad0/),
    });
  });

  it('kill-host pulls the plug of a host by number or name', async () => {
    expect(await local('kill-host', '3')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Killed host-3.'),
    });
    expect(await local('kill-host', 'host-3')).toMatchObject({ code: 0 });
  });

  it('kill-host says that there is no such host, and what is none at all', async () => {
    const missing = await local('kill-host', '4');
    expect(missing).toMatchObject({ code: 1, out: '' });
    expect(missing.err).toContain('There is no host-4');
    const wrong = await local('kill-host', 'i-0a1b2c3d');
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain("'i-0a1b2c3d' is not a host of the local platform");
  });

  it('gate says who may come in, and changes it', async () => {
    expect((await local('gate')).out).toContain('The gate is open: everybody is let in.');
    expect((await local('gate', 'closed')).out).toContain('The gate is closed: newcomers wait;');
    expect((await local('gate', '0.25')).out).toContain('25 % of the newcomers are let in');
    expect(JSON.parse((await local('gate', '0.5', '--json')).out)).toEqual({ value: '0.5' });
  });

  it.each(['ajar', '1e-1'])('gate takes no value like %j', async (value) => {
    const { code, err } = await local('gate', value);
    expect(code).toBe(2);
    expect(err).toContain('is no value of the gate');
  });

  it('a local token never goes to another installation', async () => {
    const { code, err } = await local('fleet', '--url', 'https://tidecast.example');
    expect(code).toBe(4);
    expect(err).toContain('no token for https://tidecast.example');
  });

  it('release says what to do when another installation is meant', async () => {
    const { code, out, err } = await local('release', '--url', 'https://tidecast.example');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('docker push');
  });

  it('a platform that was killed is named as not running', async () => {
    const { token } = await installation.control();
    const left = await startInstallation();
    await left.file('control.json', { url: 'http://127.0.0.1:9', token });
    const { code, err } = await tidecast(['fleet', '--data', left.data]);
    await left.close();
    expect(code).toBe(3);
    expect(err).toContain('the local platform does not run');
    expect(err).toContain('npm start');
    expect(err).not.toContain(token);
  });

  it('a control.json that leads elsewhere is not believed', async () => {
    const planted = await startInstallation();
    await planted.file('control.json', { url: 'https://thief.example', token: 'abc' });
    const { code, err } = await tidecast(['release', '--data', planted.data]);
    await planted.close();
    expect(code).toBe(1);
    expect(err).toContain('is not what npm start writes');
  });
});
