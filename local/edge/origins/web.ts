import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { assetCaching, notFoundFile, pageCaching, pageFile } from '../../../core/pages.ts';
import { plainAnswer, type AnswerHeaders, type Origin } from '../answer.ts';
import { relativeName } from '../target.ts';

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/** The built pages as their bucket will answer. `pageHeaders` go with every HTML page. */
export function createWebOrigin(directory: string, pageHeaders: AnswerHeaders): Origin {
  const answer = async (file: string, status: number, cacheControl: string): ReturnType<Origin> => {
    const body = await readFile(join(directory, file));
    const type = contentTypes[extname(file)] ?? 'application/octet-stream';
    return {
      status,
      headers: {
        'content-type': type,
        'cache-control': cacheControl,
        etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`,
        'x-content-type-options': 'nosniff',
        ...(file.endsWith('.html') ? pageHeaders : {}),
      },
      body,
    };
  };
  const missing = (): Awaited<ReturnType<Origin>> =>
    plainAnswer(404, 'There is no such page.', { 'cache-control': 'no-store' });

  return async ({ path }) => {
    try {
      if (path.startsWith('/assets/')) {
        const file = relativeName(path);
        return file === undefined ? missing() : await answer(file, 200, assetCaching);
      }
      const page = pageFile(path);
      return page === undefined
        ? await answer(notFoundFile, 404, 'public, max-age=0')
        : await answer(page, 200, pageCaching);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR') return missing();
      throw error;
    }
  };
}
