/** The gate's function as CloudFront has it: its built file in a machine that gives it nothing but what is listed. */
import { createHmac } from 'node:crypto';
import { createContext, Script } from 'node:vm';
import type { EdgeEvent, EdgeRequest, EdgeResponse } from '../../../lambda/gate/event.ts';
import { functionCode } from '../../../lib/delivery/function-code.ts';

export const code = functionCode('lambda/gate/main.ts');

export const secret = 'f'.repeat(64);
export const nowMs = Date.UTC(2026, 10, 20, 12);

export interface Store {
  readonly gate?: string;
  readonly key?: string;
  /** Every read fails. */
  readonly isBroken?: boolean;
}

export interface Calls {
  reads: number;
  hmacs: number;
}

export interface Sandbox {
  readonly handler: (event: EdgeEvent) => Promise<EdgeRequest | EdgeResponse>;
  readonly calls: Calls;
}

const hmacOf = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('hex');
export const sign = (text: string): string => hmacOf(secret, text);

/** CloudFront's module comes by `import`, which a script has not: it is given as a constant of the same name. */
const withModules = (text: string): string =>
  text.replace(/import\s*(\w+)\s*from\s*"cloudfront";?/, 'const $1=cloudfront;');

/** @param random what Math.random gives */
export function sandbox(
  store: Store,
  options: { readonly nowMs?: number; readonly random?: number } = {},
): Sandbox {
  const calls: Calls = { reads: 0, hmacs: 0 };
  const at = options.nowMs ?? nowMs;
  const context = createContext(
    {
      cloudfront: {
        kvs: () => ({
          get: (key: 'gate' | 'key') => {
            calls.reads += 1;
            const value = store.isBroken === true ? undefined : store[key];
            return value === undefined ? Promise.reject(new Error('KeyNotFound')) : Promise.resolve(value);
          },
        }),
      },
      require: (name: string) => {
        if (name !== 'crypto') throw new Error(`there is no module ${name}`);
        return {
          createHmac: (_algorithm: string, key: string) => ({
            update: (text: string) => ({
              digest: () => {
                calls.hmacs += 1;
                return hmacOf(key, text);
              },
            }),
          }),
        };
      },
    },
    // No eval and no WebAssembly, as at CloudFront.
    { codeGeneration: { strings: false, wasm: false } },
  );
  new Script(
    `Date.now=()=>${at};Math.random=()=>${options.random ?? 0.5};` +
      // CloudFront has none of these.
      'for(const name of ["setTimeout","setInterval","fetch","process","URL","Buffer"])delete globalThis[name];',
  ).runInContext(context);
  const handler = new Script(`'use strict';${withModules(code)};handler`).runInContext(context, {
    timeout: 1_000,
  }) as Sandbox['handler'];
  return { handler, calls };
}

export interface Viewer {
  readonly ip?: string;
  readonly userAgent?: string;
  readonly cookies?: EdgeRequest['cookies'];
}

export const requestFor = (uri: string, viewer: Viewer = {}): EdgeEvent => ({
  context: { eventType: 'viewer-request' },
  viewer: { ip: viewer.ip ?? '203.0.113.7' },
  request: {
    method: 'GET',
    uri,
    headers: { 'user-agent': { value: viewer.userAgent ?? 'Mozilla/5.0' } },
    cookies: viewer.cookies ?? {},
  },
});

export const responseFor = (uri: string, status = 200, viewer: Viewer = {}): EdgeEvent => ({
  ...requestFor(uri, viewer),
  context: { eventType: 'viewer-response' },
  response: { statusCode: status, headers: { etag: { value: '"x"' } } },
});
