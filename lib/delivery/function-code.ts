import { join } from 'node:path';
import { buildSync } from 'esbuild';

/** CloudFront's limit for a function. */
export const maxFunctionBytes = 10_240;

/**
 * One file in the dialect of CloudFront Functions 2.0: ECMAScript 5.1 and what is named here, no exports. Whatever
 * else the source uses is written in these words, or esbuild refuses it.
 */
export function functionCode(entry: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(import.meta.dirname, '..', '..', entry)],
    bundle: true,
    write: false,
    minify: true,
    charset: 'utf8',
    format: 'esm',
    platform: 'neutral',
    target: 'es5',
    supported: {
      arrow: true,
      'async-await': true,
      'const-and-let': true,
      'template-literal': true,
    },
    external: ['cloudfront', 'crypto'],
    logLevel: 'silent',
  });
  const [built = { text: '' }] = outputFiles;
  const code = asScript(built.text);
  const bytes = Buffer.byteLength(code);
  if (bytes > maxFunctionBytes)
    throw new RangeError(`${entry} has ${bytes} bytes: CloudFront takes ${maxFunctionBytes}`);
  return code;
}

/** CloudFront finds the function by its name; `export` would be a syntax error. */
function asScript(text: string): string {
  const exported = /export\s*\{\s*(\w+)(?: as (\w+))?\s*\};?\s*$/.exec(text);
  const [line = '', local = '', name = local] = exported ?? [];
  if (name !== 'handler') throw new TypeError('the function must export handler, and nothing else');
  // Node's own modules are asked for by `require` there, CloudFront's by `import`.
  const script = text
    .slice(0, -line.length)
    .replace(/import\s*(\w+)\s*from\s*"crypto"/, 'const $1=require("crypto")');
  return local === name ? script : `${script}async function handler(event){return ${local}(event)}\n`;
}
