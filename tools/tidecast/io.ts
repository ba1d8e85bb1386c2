/** All that the command has of the world around it. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Of the terminal that stdout is; undefined when it is none: then lines stay whole, for grep. */
  readonly terminal: { readonly columns: number; readonly rows: number } | undefined;
  readonly colour: { readonly out: boolean; readonly err: boolean };
  readonly now: () => number;
  readonly fetch: typeof fetch;
  readonly readFile: (path: string) => Promise<string>;
  /** Never over a file that is there. */
  readonly writeFile: (path: string, text: string) => Promise<void>;
  /** Resolves after the time, or when somebody ends the command. */
  readonly pause: (ms: number) => Promise<void>;
  /** Ctrl-C, for commands that run until then. */
  readonly ended: () => AbortSignal;
  /** `.tidecast` of the checkout. */
  readonly defaultData: string;
}
