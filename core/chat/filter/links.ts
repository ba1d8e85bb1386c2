/** Finds web addresses, and the common ways of writing one so that a filter misses it. */

/** Ends of domains that are no words: "foo.com" is a link wherever it stands. */
const telling = listed(
  'com net org info biz edu gov mobi jp xyz icu vip xxx porn shop site tokyo dev cloud host website click casino',
  'onion io tv ly gl cz uk de fr eu ru cn kr tw hk sg au nz ca br mx ch se nl pl ua tk ml cf gq',
);
/** Also ends of files, or words after a stop without a space ("like it.me too"): links with a path or a port only. */
const ambiguous = listed(
  'me to in is it at be us so no my am do co cc gg gd ee ga la im pm ws sh py rs md ai as by ne bet live link',
  'online top pro club app page store world today fun win best one moe blog news zip mov cam stream download',
);
const wellKnown = listed(
  'youtu.be t.me t.co is.gd v.gd line.me wa.me lin.ee amzn.to fb.me kick.app x.gd op.gg discord.gg about.me',
);
/** Names of programs. */
const products = listed('asp.net ado.net vb.net socket.io');

const surely: readonly RegExp[] = [
  // h t t p : / /, hxxps://, and every other scheme.
  /h ?[tx] ?[tx] ?p ?s? ?: ?[/\\] ?[/\\]/u,
  /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,15}:\/\/[^\s/]/u,
  /(?<![\p{L}\p{N}])www ?\. ?[\p{L}\p{N}]/u,
  /(?<![a-z])discord ?(?:\.|dot)? ?gg ?[/\\] ?[a-z0-9]/u,
  // 1.2.3.4 alone is a version.
  /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{2,5}|\/[^\s\d])/u,
];

/** example[.]com, example (dot) com. */
const bracketed = / ?[[({<【「] ?(?:\.|dot|ドット|どっと|点) ?[\])}>】」] ?/gu;
/** example dot com, exampleドットcom; but not "the dot com years". */
const inWords =
  /(?<=[\p{L}\p{N}])(?<!(?<![a-z])(?:an?|the|this|that|of|old))(?: dot | ?(?:ドット|どっと) ?)(?=(?:com|co\.jp|ne\.jp|jp|gg|tv)(?![\p{L}\p{N}]))/gu;
/** example .com, example. com */
const spaced = /(?<=[\p{L}\p{N}])(?: \. ?|\. )(?=(?:com|co\.jp|ne\.jp)(?![\p{L}\p{N}]))/gu;

/** Labels with dots between them, among them the ideographic one, which browsers take too. */
const hosts = /(?<![\p{L}\p{N}-])[\p{L}\p{N}-]+(?:[.。][\p{L}\p{N}-]+)+/gu;

/** @param text as `normalText` makes it: never two spaces in a row. */
export function hasLink(text: string): boolean {
  const seen = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(bracketed, '.')
    .replace(inWords, '.')
    .replace(spaced, '.');
  if (surely.some((pattern) => pattern.test(seen))) return true;
  for (const { 0: token, index } of seen.matchAll(hosts))
    if (isHost(token, seen.slice(index + token.length, index + token.length + 2))) return true;
  return false;
}

/** @param after the two characters behind it */
function isHost(token: string, after: string): boolean {
  const labels = token.split(/[.。]/u);
  const isIdeographic = token.includes('。');
  return labels.some((label, at) => {
    const name = labels[at - 1];
    const next = labels[at + 1];
    // What follows in Japanese does not belong to it: example.comみて
    const [end = ''] = /^[a-z0-9-]*/u.exec(label) ?? [];
    if (name === undefined || end === '' || (next !== undefined && /^[a-z0-9-]/u.test(next))) return false;
    // すごい。tv見て is a sentence.
    if (isIdeographic && (end !== label || !/^[a-z0-9-]+$/u.test(name))) return false;
    const domain = `${name}.${end}`;
    if (products.has(domain) || !/\p{L}|\d{2}/u.test(name)) return false;
    if (telling.has(end) || wellKnown.has(domain) || end.startsWith('xn--')) return true;
    return ambiguous.has(end) && end === label && next === undefined && /^(?:\/[^\s]|:\d)/u.test(after);
  });
}

function listed(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(' ')));
}
