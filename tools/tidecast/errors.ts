/** What the command says to whoever started it; stands in the help and in the README. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, unreachable: 3, 'not-allowed': 4 } as const;

/** The command could not do what it was asked. `hint`: the way out, on lines of its own. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly kind: Exclude<keyof typeof exitCodes, 'ok'>;
  readonly hint: string | undefined;

  constructor(
    kind: CommandError['kind'],
    message: string,
    options: ErrorOptions & { readonly hint?: string } = {},
  ) {
    super(message, options);
    this.kind = kind;
    this.hint = options.hint;
  }
}
