/**
 * Reads a request's target. There is one spelling of every path behind this function: routes, access,
 * cache keys, files and object keys all see the same one, so that nothing can be called by a second name.
 */
export type Target =
  | { readonly ok: true; readonly path: string; readonly query: string }
  | { readonly ok: false; readonly status: 400 | 414; readonly text: string };

/** CloudFront's limit for a URL. */
export const maxTargetLength = 8192;

/** RFC 3986 pchar and the slash; `%` only as an escape, which is checked on its own. */
const pathCharacters = /^[\w\-.~!$&'()*+,;=:@%/]+$/;
/** Visible ASCII. */
const queryCharacters = /^[\x21-\x7e]*$/;
const unreserved = /^[\w\-.~]$/;

const refuse = (text: string, status: 400 | 414 = 400): Target => ({ ok: false, status, text });

/** Undoes escapes that nobody needs. Undefined: an escape that is broken or hides a separator or a control character. */
function unescapeNeedless(path: string): string | undefined {
  let bad = false;
  const text = path.replaceAll(/%(..?)?/g, (escape, digits: string | undefined) => {
    if (digits === undefined || !/^[\da-f]{2}$/i.test(digits)) {
      bad = true;
      return '';
    }
    const code = Number.parseInt(digits, 16);
    const character = String.fromCharCode(code);
    if (code < 0x20 || code === 0x7f || character === '/' || character === '\\') bad = true;
    return code < 0x80 && unreserved.test(character) ? character : escape.toUpperCase();
  });
  return bad ? undefined : text;
}

export function readTarget(url: string): Target {
  if (url.length > maxTargetLength)
    return refuse(`The address is longer than ${maxTargetLength} characters.`, 414);
  if (!url.startsWith('/'))
    return refuse('The request must name a path that starts with "/", not a whole URL.');
  const mark = url.indexOf('?');
  const rawPath = mark === -1 ? url : url.slice(0, mark);
  const query = mark === -1 ? '' : url.slice(mark + 1);
  if (!pathCharacters.test(rawPath)) return refuse('The path has characters that must be escaped.');
  if (!queryCharacters.test(query) || query.includes('#'))
    return refuse('The query has characters that must be escaped.');
  const path = unescapeNeedless(rawPath);
  if (path === undefined)
    return refuse('The path has an escape that is broken or hides a separator or a control character.');
  if (path.includes('//')) return refuse('The path has an empty part ("//").');
  if (path.split('/').some((part) => part === '.' || part === '..'))
    return refuse('The path has a "." or ".." part.');
  return { ok: true, path, query };
}

/** Names that we ourselves give to files and objects: no escapes, no leading dot. */
const plainName = /^[\w-][\w.-]*$/;

/** The path without its first slash, when every part is a plain name; otherwise there is no such file or object. */
export function relativeName(path: string): string | undefined {
  const parts = path.slice(1).split('/');
  return path.startsWith('/') && parts.every((part) => plainName.test(part)) ? parts.join('/') : undefined;
}
