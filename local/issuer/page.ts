/** The pages of the local issuer. No scripts, nothing from elsewhere. */
import { operatorName } from './tokens.ts';

export const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const styles = `
:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100dvh; display: grid; place-items: center; padding: 1rem;
  box-sizing: border-box; background: light-dark(#eef3f6, #0d1820); color: light-dark(#10222d, #e6eef2); }
main { width: 100%; max-width: 24rem; box-sizing: border-box; padding: 1.75rem; border-radius: 1rem;
  background: light-dark(#fff, #14242e); box-shadow: 0 .5rem 2rem rgb(0 0 0 / .12); }
h1 { margin: 0 0 .25rem; font-size: 1.375rem; }
p { margin: 0 0 1.25rem; color: light-dark(#4a606d, #a3b8c4); }
label { display: block; margin-bottom: .375rem; font-weight: 600; }
input { width: 100%; box-sizing: border-box; font: inherit; padding: .625rem .75rem; min-height: 2.75rem;
  border: 1px solid light-dark(#7d929e, #6b838f); border-radius: .5rem; background: transparent; color: inherit; }
button { font: inherit; min-height: 2.75rem; padding: .5rem 1rem; border: 0; border-radius: .5rem; cursor: pointer; }
button.main { width: 100%; margin-top: 1rem; font-weight: 600; background: #0b6b8a; color: #fff; }
button.main:hover { background: #095a75; }
:is(input, button):focus-visible { outline: 3px solid #2aa5cc; outline-offset: 2px; }
.names { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0 0 1.25rem; padding: 0; border: 0; }
.names legend { padding: 0; margin-bottom: .375rem; font-weight: 600; }
.names button { background: light-dark(#e1ecf1, #21404f); color: inherit; }
small { display: block; margin-top: .375rem; color: light-dark(#4a606d, #a3b8c4); }
.error { color: light-dark(#a3261f, #ff9c94); }
`;

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Tidecast</title>
<style>${styles}</style>
</head>
<body><main>${body}</main></body>
</html>
`;

/** Names that can be picked with one click. */
const suggestions = ['demo', 'alice', 'bob', operatorName];

/** What the field takes: its hint, and what the browser says when it refuses a name. */
const allowed = 'Letters a–z, digits, dot, - and _ without spaces.';

/** The sign-in page. The request travels in hidden fields: nothing is remembered between page and answer. */
export function signInPage(options: {
  readonly action: string;
  readonly parameters: URLSearchParams;
  readonly error?: string;
}): string {
  const hidden = [...options.parameters]
    .filter(([key]) => key !== 'name' && key !== 'pick')
    .map(([key, value]) => `<input type="hidden" name="${escapeHtml(key)}" value="${escapeHtml(value)}">`)
    .join('');
  // Two forms, because Enter in the field presses the first button of its form.
  const form = `<form method="post" action="${escapeHtml(options.action)}">${hidden}`;
  const typed = escapeHtml(options.parameters.get('name') ?? '');
  const { error } = options;
  return page(
    'Sign in',
    `<h1>Sign in to Tidecast</h1>
<p>This machine’s own sign-in: no password, any name. Only ${operatorName} may open the
operations console.</p>
${form}<fieldset class="names"><legend>Go on as</legend>${suggestions
      .map((name) => `<button name="pick" value="${name}">${name}</button>`)
      .join('')}</fieldset></form>
${form}<label for="name">Or another name</label>
<input id="name" name="name" value="${typed}" required maxlength="40" pattern="[A-Za-z0-9._\\-]+"
  title="${allowed}"
  autocomplete="username" autocapitalize="none" spellcheck="false" aria-describedby="help"${
    error === undefined ? '' : ' aria-invalid="true"'
  }>
<small id="help"${error === undefined ? '' : ' class="error" role="alert"'}>${escapeHtml(
      error ?? allowed,
    )}</small>
<button class="main">Sign in</button>
</form>`,
  );
}

export const messagePage = (title: string, text: string): string =>
  page(title, `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>`);
