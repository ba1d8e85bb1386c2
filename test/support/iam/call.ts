/** One call of AWS as a program made it. */
export interface AwsCall {
  /** `ECSClient`, `DynamoDBClient`, … */
  readonly client: string;
  /** `RunTask`, `GetItem`, … */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

interface Stack {
  add(
    middleware: (
      next: (args: { readonly input: object }) => Promise<unknown>,
      context: { readonly clientName?: string; readonly commandName?: string },
    ) => (args: { readonly input: object }) => Promise<unknown>,
    options: { readonly step: 'initialize'; readonly priority: 'high' },
  ): void;
}

/**
 * Notes every call that a client of the SDK makes from now on.
 * @param answer in place of AWS; by default the call goes on its way
 */
export function noteCalls(
  client: { readonly middlewareStack: unknown },
  calls: AwsCall[],
  answer?: (call: AwsCall) => object,
): void {
  (client.middlewareStack as Stack).add(
    (next, { clientName = '', commandName = '' }) =>
      (args) => {
        const call: AwsCall = {
          client: clientName,
          operation: commandName.replace(/Command$/, ''),
          input: args.input as AwsCall['input'],
        };
        calls.push(call);
        return answer === undefined
          ? next(args)
          : Promise.resolve({ output: { $metadata: {}, ...answer(call) }, response: {} });
      },
    { step: 'initialize', priority: 'high' },
  );
}
