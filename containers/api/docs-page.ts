/** The API for people to read: one page made from the OpenAPI document, without scripts or other hosts. */

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface OpenApiDocument {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export const docsPolicy = `default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'`;

const styles = `
:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; overflow-wrap: break-word; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid; }
h3 { margin: 1.5rem 0 .25rem; font: 600 1rem/1.5 ui-monospace, monospace; }
p { margin: .25rem 0; }
ul { margin: .25rem 0; padding-left: 1.25rem; }
code { font-family: ui-monospace, monospace; font-size: .95em; }
a { color: light-dark(#0b5c78, #6cc5e3); }
.note { color: light-dark(#50626c, #a9bbc4); }
`;

const escape = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const nameOf = (ref: string): string => ref.slice(ref.lastIndexOf('/') + 1);

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = escape(nameOf(schema.$ref));
    return `<a href="#${name}">${name}</a>`;
  }
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  if (schema.enum !== undefined) return schema.enum.map((value) => escape(String(value))).join(' | ');
  return escape([schema.type ?? 'anything'].flat().join(' | '));
}

const fields = (schema: Schema): string =>
  `<ul>${Object.entries(schema.properties ?? {})
    .map(([name, field]) => {
      const optional = schema.required?.includes(name) === true ? '' : ' (optional)';
      const note = field.description === undefined ? '' : ` – ${escape(field.description)}`;
      const inner = field.properties === undefined ? '' : fields(field);
      return `<li><code>${escape(name)}</code>${optional}: ${typeOf(field)}<span class="note">${note}</span>${inner}</li>`;
    })
    .join('')}</ul>`;

const contentOf = (content: Content | undefined): string =>
  Object.entries(content ?? {})
    .map(([type, { schema }]) => `${typeOf(schema)} <span class="note">${escape(type)}</span>`)
    .join(' or ');

const tokenNote = (security: readonly object[] | undefined): string => {
  if (security === undefined) return '';
  const optional = security.some((way) => Object.keys(way).length === 0);
  return `<p class="note">${optional ? 'A token may be sent' : 'Needs a token'}: Authorization: Bearer …</p>`;
};

const operationText = (path: string, method: string, operation: Operation): string =>
  [
    `<h3>${method.toUpperCase()} ${escape(path)}</h3><p>${escape(operation.summary ?? '')}</p>`,
    tokenNote(operation.security),
    ...(operation.parameters ?? []).map(
      (each) => `<p><code>${escape(each.name)}</code> in the ${each.in === 'path' ? 'path' : 'query'}</p>`,
    ),
    operation.requestBody === undefined ? '' : `<p>Body: ${contentOf(operation.requestBody.content)}</p>`,
    ...Object.entries(operation.responses).map(
      ([status, answer]) =>
        `<p>${status === 'default' ? 'Errors' : escape(status)}: ${contentOf(answer.content)}</p>`,
    ),
  ].join('\n');

export function docsPage({ info, paths, components }: OpenApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(operations.map(({ operation }) => operation.tags?.[0] ?? 'Other'))];
  const sections = tags.map((tag) => {
    const inTag = operations.filter(({ operation }) => (operation.tags?.[0] ?? 'Other') === tag);
    return `<h2>${escape(tag)}</h2>${inTag
      .map(({ path, method, operation }) => operationText(path, method, operation))
      .join('\n')}`;
  });
  const types = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<h3 id="${escape(name)}">${escape(name)}</h3><p>${escape(schema.description ?? '')}</p>${fields(schema)}`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(info.title)}</title>
<style>${styles}</style>
</head>
<body>
<h1>${escape(info.title)} <small>${escape(info.version)}</small></h1>
<p>${escape(info.description ?? '')} <a href="/api/openapi.json">OpenAPI document</a></p>
${sections.join('\n')}
<h2>Types</h2>
${types.join('\n')}
</body>
</html>
`;
}
