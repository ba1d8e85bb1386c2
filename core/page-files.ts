/** Which built page answers which path. Also part of the edge's function, so it is written in the dialect of that. */

/** The page for paths that no page answers; sent with status 404. */
export const notFoundFile = 'not-found.html';

const pages: readonly (readonly [RegExp, string])[] = [
  [/^\/(?:index\.html)?$/, 'index.html'],
  // One name after /watch/ and nothing below it: a broadcast has no sub-pages.
  [/^\/watch\/[^/]+\/?$/, 'watch.html'],
  [/^\/studio(?:\/|$)/, 'studio.html'],
  [/^\/ops\/?$/, 'ops.html'],
  [/^\/signed-in\/?$/, 'signed-in.html'],
];

/** The file under dist/web for a path (no query). Undefined: no page has that path. */
export const pageFile = (path: string): string | undefined => pages.find((page) => page[0].test(path))?.[1];

/** Whether a page is in this file of dist/web. */
export const isPageFile = (file: string): boolean => pages.some((page) => page[1] === file);
