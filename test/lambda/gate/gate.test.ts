import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { passLifeS, passName, signPass } from '../../../core/gate/gate.ts';
import type { EdgeEvent, EdgeRequest, EdgeResponse } from '../../../lambda/gate/event.ts';
import { maxFunctionBytes } from '../../../lib/delivery/function-code.ts';
import {
  code,
  nowMs,
  requestFor,
  responseFor,
  sandbox,
  secret,
  sign,
  type Sandbox,
  type Store,
  type Viewer,
} from './sandbox.ts';

const nowS = nowMs / 1000;
const closed: Store = { gate: 'closed', key: secret };

const isWaiting = (answer: EdgeRequest | EdgeResponse): answer is EdgeResponse =>
  'statusCode' in answer && answer.statusCode === 503;

const asked = async (box: Sandbox, event: EdgeEvent): Promise<EdgeRequest> => {
  const answer = await box.handler(event);
  if ('statusCode' in answer) throw new Error(`answered with ${answer.statusCode}`);
  return answer;
};
const answered = async (box: Sandbox, event: EdgeEvent): Promise<EdgeResponse> => {
  const answer = await box.handler(event);
  if (!('statusCode' in answer)) throw new Error('passed on to the origin');
  return answer;
};
const cookieOf = (value: string): Viewer => ({ cookies: { [passName]: { value } } });

describe('the built file', () => {
  it('is within the limit of CloudFront', () => {
    expect(Buffer.byteLength(code)).toBeLessThanOrEqual(maxFunctionBytes);
  });

  it('has no word that CloudFront Functions 2.0 lack', () => {
    const program = code.replaceAll(/`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*"/gs, '""');
    expect(program).not.toMatch(
      /\bexport\b|\bclass\b|\?\.|\?\?|\.\.\.|\bfor\s+await\b|\byield\b|\bof\b|\beval\b/,
    );
    // Closures that wait are not supported: async functions stand at the top, with names.
    expect(program).not.toMatch(/async\s*(?:\(|\w+\s*=>|function\s*\()/);
    expect(program).not.toMatch(/(?:const|let|var)\s*[[{]/);
    expect(program).toMatch(/async function handler\(event\)\{/);
  });
});

describe('an open gate', () => {
  it.each<[string, Store]>([
    ['says open', { gate: 'open', key: secret }],
    ['says 1', { gate: '1', key: secret }],
    ['has no value yet', { key: secret }],
    ['has a value that nobody may write', { gate: 'ajar', key: secret }],
    ['can not be read', { isBroken: true }],
    ['is closed, and its secret can not be read', { gate: 'closed' }],
    ['is closed, and its secret could be guessed', { gate: 'closed', key: 'short' }],
  ])('lets everyone pass when it %s', async (_how, store) => {
    const request = await asked(sandbox(store), requestFor('/watch/b1'));
    expect(request.uri).toBe('/watch.html');
  });

  it('costs one read and no signature', async () => {
    const box = sandbox({ gate: 'open', key: secret });
    await box.handler(requestFor('/'));
    expect(box.calls).toEqual({ reads: 1, hmacs: 0 });
  });
});

describe('a closed gate', () => {
  it.each(['/', '/index.html', '/watch/b1', '/watch/b1/', '/watch/%2e%2e', '/watch/a%2Fb'])(
    'lets newcomers wait at %s',
    async (uri) => {
      expect(isWaiting(await sandbox(closed).handler(requestFor(uri)))).toBe(true);
    },
  );

  it.each([
    ['/studio', '/studio.html'],
    ['/studio/01k9', '/studio.html'],
    ['/ops', '/ops.html'],
    ['/signed-in', '/signed-in.html'],
    ['/nowhere', '/not-found.html'],
    ['/watch.html', '/not-found.html'],
    ['//watch/b1', '/not-found.html'],
    ['/watch/b1/../../', '/not-found.html'],
    ['/WATCH/b1', '/not-found.html'],
    ['', '/not-found.html'],
    ['*', '/not-found.html'],
    ['/watch/\u0000/x', '/not-found.html'],
  ])('does not stand before %s, which is %s', async (uri, file) => {
    const box = sandbox(closed);
    expect((await asked(box, requestFor(uri))).uri).toBe(file);
    expect(box.calls).toEqual({ reads: 0, hmacs: 0 });
  });

  it('lets those go on who were let in', async () => {
    const box = sandbox(closed);
    const pass = signPass(nowS - 3600, sign);
    expect((await asked(box, requestFor('/watch/b1', cookieOf(pass)))).uri).toBe('/watch.html');
    expect(box.calls).toEqual({ reads: 2, hmacs: 1 });
  });

  const good = signPass(nowS, sign);
  it.each([
    ['nothing', ''],
    ['no signature', String(nowS + 10)],
    ['an empty signature', `${nowS + 10}.`],
    ['another time', good.replace(/^\d+/, String(nowS + passLifeS + 1))],
    ['another signature', `${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`],
    ['a signature by another secret', `${nowS + 10}.${'0'.repeat(64)}`],
    ['one that has expired', signPass(nowS - passLifeS, sign)],
    ['capital letters', good.toUpperCase()],
    ['white space', ` ${good}`],
    ['two in one', `${good}${good}`],
    ['a megabyte', '1'.repeat(1_000_000)],
    ['a line break', `${good}\n`],
    ['not a number', `NaN.${good.slice(11)}`],
  ])('does not take a pass of %s', async (_what, value) => {
    expect(isWaiting(await sandbox(closed).handler(requestFor('/', cookieOf(value))))).toBe(true);
  });

  it('names a file that is there for whatever path comes, and nothing that the path names itself', async () => {
    const box = sandbox(closed);
    const files = ['index', 'watch', 'studio', 'ops', 'signed-in', 'not-found'].map(
      (page) => `/${page}.html`,
    );
    const piece = fc.constantFrom('/', 'watch', 'studio', '..', '.html', '%2f', '?', 'b1', '\\', '\n', 'é');
    const path = fc.oneof(
      fc.string(),
      fc.array(piece).map((pieces) => `/${pieces.join('')}`),
    );
    await fc.assert(
      fc.asyncProperty(path, async (uri) => {
        const answer = await box.handler(requestFor(uri));
        if (!isWaiting(answer)) expect(files).toContain(answer.uri);
        const after = await box.handler(responseFor(uri));
        expect([200, 404]).toContain((after as EdgeResponse).statusCode);
      }),
    );
  });

  it('takes no pass that anybody else could write', async () => {
    const box = sandbox(closed);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.stringMatching(/^\d{10}\.[0-9a-f]{64}$/)), async (value) => {
        expect(isWaiting(await box.handler(requestFor('/watch/b1', cookieOf(value))))).toBe(true);
      }),
    );
  });

  it('gives the waiting page without asking any origin, for a short time that differs from viewer to viewer', async () => {
    const waits = await Promise.all(
      [0, 0.5, 0.999_999].map(async (random) => {
        const { headers, body = '' } = await answered(sandbox(closed, { random }), requestFor('/'));
        const [, refresh] = /http-equiv="refresh" content="(\d+)"/.exec(body) ?? [];
        expect(headers['retry-after']?.value).toBe(refresh);
        return Number(refresh);
      }),
    );
    expect(waits).toEqual([30, 45, 59]);
  });

  it('says what happens in Japanese and in English, and keeps it nowhere', async () => {
    const { headers, body = '', cookies } = await answered(sandbox(closed), requestFor('/'));
    expect(headers['cache-control']?.value).toBe('no-store');
    expect(headers['content-type']?.value).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']?.value).toContain("default-src 'none'");
    expect(body).toMatch(/<html lang="ja">.*<title>.+<\/title>.*<section lang="en">.*Please|We are full/s);
    expect(body).toContain('お待ちください');
    expect(body).not.toMatch(/<script|src=|href=/);
    expect(cookies).toBeUndefined();
  });
});

describe('a share', () => {
  const crowd: readonly Viewer[] = Array.from({ length: 2_000 }, (_, index) => ({
    ip: `198.51.${index >> 8}.${index & 255}`,
  }));
  const letIn = async (gate: string): Promise<ReadonlySet<Viewer>> => {
    const box = sandbox({ gate, key: secret });
    const inside = new Set<Viewer>();
    for (const viewer of crowd)
      if (!isWaiting(await box.handler(requestFor('/watch/b1', viewer)))) inside.add(viewer);
    return inside;
  };

  it('lets so many newcomers in, the same ones each time, and keeps them as it rises', async () => {
    const quarter = await letIn('0.25');
    const half = await letIn('0.5');
    expect(quarter.size / crowd.length).toBeCloseTo(0.25, 1);
    expect(half.size / crowd.length).toBeCloseTo(0.5, 1);
    expect(await letIn('0.25')).toEqual(quarter);
    expect([...quarter].filter((viewer) => !half.has(viewer))).toEqual([]);
  });

  it('lets in nobody at 0 and everybody at 1', async () => {
    expect((await letIn('0')).size).toBe(0);
    expect((await letIn('1.0')).size).toBe(crowd.length);
  });

  it('tells browsers behind one address apart', async () => {
    const box = sandbox({ gate: '0.5', key: secret });
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, index) =>
        box.handler(requestFor('/', { userAgent: `Mozilla/5.0 (${index})` })),
      ),
    );
    expect(new Set(answers.map(isWaiting)).size).toBe(2);
  });

  it('does not stumble over a viewer without a browser', async () => {
    const event = requestFor('/');
    const without = { ...event, request: { ...event.request, headers: {} } };
    await expect(sandbox({ gate: '0.5', key: secret }).handler(without)).resolves.toBeDefined();
  });
});

describe('after the origin', () => {
  const open: Store = { gate: 'open', key: secret };

  it.each(['/watch/b1', '/watch.html', '/', '/index.html'])(
    'gives whoever came in at %s a pass that opens a gate closed since',
    async (uri) => {
      const { cookies = {} } = await answered(sandbox(open), responseFor(uri));
      const pass = cookies[passName];
      expect(pass?.attributes).toBe(`Path=/; Max-Age=${passLifeS}; Secure; HttpOnly; SameSite=Lax`);
      const request = await asked(
        sandbox(closed, { nowMs: nowMs + (passLifeS - 1) * 1000 }),
        requestFor('/watch/b1', cookieOf(pass?.value ?? '')),
      );
      expect(request.uri).toBe('/watch.html');
    },
  );

  it('signs again after half of its life, and not before', async () => {
    const given = async (ageS: number): Promise<boolean> => {
      const viewer = cookieOf(signPass(nowS - ageS, sign));
      const { cookies } = await answered(sandbox(open), responseFor('/', 200, viewer));
      return cookies !== undefined;
    };
    expect(await given(passLifeS / 2 - 1)).toBe(false);
    expect(await given(passLifeS / 2)).toBe(true);
  });

  it('also gives one with a page that the browser has already', async () => {
    const response = await answered(sandbox(open), responseFor('/', 304));
    expect([response.statusCode, response.cookies?.[passName] === undefined]).toEqual([304, false]);
  });

  it.each([503, 500, 403, 404])('gives none with %i', async (status) => {
    const { cookies, statusCode } = await answered(sandbox(open), responseFor('/', status));
    expect([cookies, statusCode]).toEqual([undefined, status]);
  });

  it('gives none while there is no secret', async () => {
    expect((await answered(sandbox({ gate: 'open' }), responseFor('/'))).cookies).toBeUndefined();
    expect((await answered(sandbox({ isBroken: true }), responseFor('/'))).cookies).toBeUndefined();
  });

  it.each(['/studio', '/studio.html', '/ops', '/signed-in'])('leaves %s as it is', async (uri) => {
    const box = sandbox(open);
    const { cookies, statusCode } = await answered(box, responseFor(uri));
    expect([cookies, statusCode, box.calls.reads]).toEqual([undefined, 200, 0]);
  });

  it.each(['/nowhere', '/not-found.html', '/watch', '//', ''])('calls %s not found', async (uri) => {
    const response = await answered(sandbox(open), responseFor(uri));
    expect(response).toMatchObject({ statusCode: 404, headers: { etag: { value: '"x"' } } });
  });
});
