import { join, resolve } from 'node:path';
import { z } from 'zod';
import { CommandError } from './errors.ts';
import { ask, readAnswer, type Answer, type Question } from './http.ts';
import type { Io } from './io.ts';

/** The local platform's door for this command, from control.json in its data folder. */
interface Control {
  readonly url: string;
  readonly token: string;
  readonly file: string;
}

/** An installation, and the right to ask it. */
export interface Connection {
  readonly url: string;
  /** As an operator. */
  ask(method: Question['method'], path: string, body?: unknown, timeoutMs?: number): Promise<Answer>;
}

export interface LocalPlatform {
  readonly url: string;
  ask(path: string, body: unknown, timeoutMs?: number): Promise<Answer>;
}

const controlSchema = z.object({ url: z.string(), token: z.string().regex(/^[\w.~+/=-]+$/) });
const operatorToken = z.object({ token: z.string().min(1) });

const loopback = new Set(['localhost', '[::1]']);
const isLoopback = ({ hostname }: URL): boolean => loopback.has(hostname) || hostname.startsWith('127.');

/** An address without anything secret in it, and not one that the token could be overheard on. */
function readUrl(text: string, from: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new CommandError(
      'usage',
      `${from} is not an http or https address: ${text.replace(/\/\/.*@/, '//…@')}`,
    );
  if (url.username !== '' || url.password !== '')
    throw new CommandError('usage', `${from} holds a password: it would stand in the list of processes`, {
      hint: 'Give the address without it, and the token in TIDECAST_TOKEN.',
    });
  if (url.protocol === 'http:' && !isLoopback(url))
    throw new CommandError('usage', `${from} ${url.origin}: over http the token could be read on its way`, {
      hint: `Use https://${url.host}`,
    });
  return url.origin + url.pathname.replace(/\/+$/, '');
}

async function readControl(io: Io, folder: string): Promise<Control | undefined> {
  const file = join(folder, 'control.json');
  let text: string;
  try {
    text = await io.readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CommandError(
      'failed',
      `${file} can't be read: ${error instanceof Error ? error.message : ''}`,
      {
        cause: error,
      },
    );
  }
  try {
    const { url, token } = controlSchema.parse(JSON.parse(text));
    const where = readUrl(url, 'its address');
    if (!isLoopback(new URL(where))) throw new RangeError('its address is not on this machine');
    return { url: where, token, file };
  } catch (error) {
    throw new CommandError('failed', `${file} is not what npm start writes`, {
      cause: error,
      hint: 'Start the local platform again: npm start',
    });
  }
}

export interface Door {
  /** @throws CommandError when nobody said which installation, or with which right. */
  connect(): Promise<Connection>;
  /** Undefined: what the command is pointed at is not the local platform. */
  local(): Promise<LocalPlatform | undefined>;
}

/** Finds out whom to ask: --url, TIDECAST_URL, or the local platform of the data folder; and with which token. */
export function openDoor(io: Io, values: ReadonlyMap<string, string>): Door {
  const folder = resolve(values.get('data') ?? io.defaultData);
  const given = values.get('url') ?? io.env['TIDECAST_URL'];
  const ownToken = io.env['TIDECAST_TOKEN'];
  const url =
    given === undefined || given === ''
      ? undefined
      : readUrl(given, values.has('url') ? '--url' : 'TIDECAST_URL');

  const askControl = async (
    control: Control,
    path: string,
    body: unknown,
    timeoutMs?: number,
  ): Promise<Answer> => {
    try {
      return await ask(io.fetch, {
        method: 'POST',
        url: `${control.url}${path}`,
        token: control.token,
        body,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
    } catch (error) {
      if (!(error instanceof CommandError) || error.kind !== 'unreachable' || error.hint !== undefined)
        throw error;
      throw new CommandError('unreachable', `the local platform does not run: ${error.message}`, {
        cause: error,
        hint: `Start it with npm start. (Its address stands in ${control.file}.)`,
      });
    }
  };

  /** The local platform, unless another installation was named: that one must never see a local token. */
  const controlHere = async (): Promise<Control | undefined> => {
    const control = await readControl(io, folder);
    return control !== undefined && (url === undefined || new URL(url).origin === new URL(control.url).origin)
      ? control
      : undefined;
  };

  return {
    connect: async () => {
      const control = url !== undefined && ownToken ? undefined : await controlHere();
      const where = url ?? control?.url;
      if (where === undefined)
        throw new CommandError('usage', 'which installation? None was named, and none runs here', {
          hint: `Give --url https://… and set TIDECAST_TOKEN, or start the local platform with npm start\n(there is no control.json in ${folder}).`,
        });
      if (!ownToken && control === undefined)
        throw new CommandError('not-allowed', `no token for ${where}`, {
          hint: 'Set TIDECAST_TOKEN to the access token of an operator.',
        });
      if (ownToken && !/^[\w.~+/=-]+$/.test(ownToken))
        throw new CommandError(
          'not-allowed',
          'TIDECAST_TOKEN is not a token: it has characters that none has',
        );
      const fromControl = async (from: Control): Promise<string> =>
        readAnswer(
          operatorToken,
          await askControl(from, '/local-control/token', { person: 'operator' }),
          'token',
        ).token;
      // Asked for once: a command is over long before it expires.
      let token: Promise<string> | undefined;
      return {
        url: where,
        ask: async (method, path, body, timeoutMs) => {
          token ??= ownToken
            ? Promise.resolve(ownToken)
            : control === undefined
              ? undefined
              : fromControl(control);
          const question = {
            method,
            url: `${where}${path}`,
            body,
            ...(timeoutMs === undefined ? {} : { timeoutMs }),
          };
          try {
            return await ask(io.fetch, {
              ...question,
              ...(token === undefined ? {} : { token: await token }),
            });
          } catch (error) {
            // `--watch` outlives tokens, and the platform that made them.
            token = undefined;
            throw error;
          }
        },
      };
    },
    local: async () => {
      const control = await controlHere();
      return (
        control && {
          url: control.url,
          ask: (path, body, timeoutMs) => askControl(control, path, body, timeoutMs),
        }
      );
    },
  };
}
