import type { ObjectStore } from '../../../runtime/store/objects/port.ts';
import { IamError } from './evaluate.ts';
import type { Program } from './table-needs.ts';

type Need = `${'put' | 'get' | 'list' | 'delete'} ${string}`;

/** What each program asks of object storage, as table-needs.ts has it of the tables; `…`: a name that comes with the broadcast. */
export const objectNeeds: Readonly<Record<Program, readonly Need[]>> = {
  api: ['delete thumbs/…'],
  chat: ['put archive/…/chat/…', 'get archive/…/chat/…'],
  ingest: ['put archive/…', 'get archive/…', 'list archive/…', 'put thumbs/…', 'delete thumbs/…'],
};

const shapeOf = (key: string): string =>
  key
    .replace(/^archive\/[^/]+\/chat\/.*$/, 'archive/…/chat/…')
    .replace(/^(archive|thumbs)\/(?!…).*$/, '$1/…');

/** @throws IamError when the program has no business with that */
function hear(program: Program, call: 'put' | 'get' | 'list' | 'delete', key: string): void {
  const need: Need = `${call} ${shapeOf(key)}`;
  if (!objectNeeds[program].includes(need))
    throw new IamError(`${program} asks object storage for what test/support/iam does not have: ${need}`);
}

/** The store for one program of a test: a call that its needs lack fails. */
export const heardObjects = (program: Program, store: ObjectStore): ObjectStore => ({
  put: async (key, ...rest) => {
    hear(program, 'put', key);
    await store.put(key, ...rest);
  },
  get: async (key, ...rest) => {
    hear(program, 'get', key);
    return store.get(key, ...rest);
  },
  list: (prefix, ...rest) => {
    hear(program, 'list', prefix);
    return store.list(prefix, ...rest);
  },
  delete: async (key, ...rest) => {
    hear(program, 'delete', key);
    await store.delete(key, ...rest);
  },
});
