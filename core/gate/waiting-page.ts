/** What whoever has to wait is shown: everything in one answer, so that a waiting crowd costs no origin anything. */

/** Between 30 and 60 s, drawn for each answer: 300,000 who wait ask 6,700 times a second, and never all at once. */
const minWaitS = 30;
const spreadS = 30;

export const waitS = (random: number): number => minWaitS + Math.floor(random * spreadS);

export const waitingHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};

export const waitingPage = (seconds: number): string => `<!doctype html>
<html lang="ja">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="dark light">
<meta http-equiv="refresh" content="${seconds}">
<title>お待ちください · Please wait</title>
<style>
html{font:1.125rem/1.7 system-ui,sans-serif;color-scheme:dark light}
body{margin:0;min-height:100vh;display:grid;place-items:center;text-align:center}
main{max-width:34rem;padding:2rem}
h1{font-size:1.6rem;line-height:1.3;margin:0 0 .5rem}
p{margin:0}
section+section{margin-top:2.5rem}
</style>
</head>
<body>
<main>
<section>
<h1>ただいま混み合っています</h1>
<p>入場できるようになると画面が切り替わります。${seconds}秒後に自動で確認しますので、このままお待ちください。</p>
</section>
<section lang="en">
<h1>We are full right now</h1>
<p>We let people in as fast as we can. This page asks again by itself in ${seconds} seconds: please keep it open.</p>
</section>
</main>
</body>
</html>
`;
