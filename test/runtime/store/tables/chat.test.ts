import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../../core/chat/limits.ts';
import { defaultSettings } from '../../../../core/chat/mode.ts';
import { createChat } from '../../../../runtime/store/tables/chat.ts';
import type { TableClient } from '../../../../runtime/store/tables/client.ts';
import { BadCursorError } from '../../../../runtime/store/tables/cursor.ts';
import { startChatTables, type ChatTables } from './chat-harness.ts';
import { chatStoreContract, entryOf, noon } from './contract/chat.ts';

let tables: ChatTables;
beforeAll(async () => {
  tables = await startChatTables();
});
afterAll(() => tables.stop());

chatStoreContract(() => tables.openChat());

async function opened() {
  const names = await tables.empty();
  const open = (client: TableClient = tables.client) =>
    createChat({ client, tables: names, now: () => noon });
  return { names, store: open(), open };
}

describe('what another version has written', () => {
  it('of settings is read as far as it is understood, the rest has its default', async () => {
    const { names, store } = await opened();
    const place = 'channel#a';
    await tables.leave(names.chat, {
      place,
      entry: 'settings',
      version: 4,
      slowS: 'long',
      off: true,
      links: 'trusted-only',
      maxLength: 9_999,
      mood: 'good',
    });
    expect(await store.settings('a')).toEqual({ ...defaultSettings, version: 4, off: true });
  });

  it('of a rule for followers that is not understood lets followers only post', async () => {
    const { names, store } = await opened();
    await tables.leave(names.chat, { place: 'channel#a', entry: 'settings', followersMin: { days: 2 } });
    expect(await store.settings('a')).toMatchObject({ followersMin: 0 });
  });

  it('stays when settings are changed', async () => {
    const { names, store, open } = await opened();
    await tables.leave(names.chat, { place: 'channel#a', entry: 'settings', version: 4, mood: 'good' });
    await store.changeSettings('a', { ...defaultSettings, slowS: 7 }, 4);
    expect(await store.settings('a')).toEqual({ ...defaultSettings, slowS: 7, version: 5 });
    let item: unknown;
    const client = {
      send: async (command: never) => {
        const answer = await tables.client.send(command);
        item = (answer as { readonly Item?: unknown }).Item;
        return answer;
      },
    } as unknown as TableClient;
    await open(client).settings('a');
    expect(item).toMatchObject({ mood: 'good' });
  });

  it('of limits keeps those that are understood', async () => {
    const { names, store } = await opened();
    const person = { perS: 1, burst: 2 };
    await tables.leave(names.chat, {
      place: 'platform',
      entry: 'limits',
      person,
      channel: { perS: -1 },
      shownPerS: 0,
    });
    expect(await store.limits()).toEqual({ ...defaultLimits, person });
  });

  it('of a ban never loses it', async () => {
    const { names, store } = await opened();
    await tables.leave(names.chat, { place: 'channel#a', entry: 'ban#p1', until: 'tomorrow', name: 5 });
    expect(await store.bans('a')).toEqual([{ personId: 'p1', name: '', by: '', at: 0 }]);
  });

  it('of the audit list is shown, whatever was done', async () => {
    const { names, store } = await opened();
    const { id, ...line } = entryOf(1);
    await tables.leave(names.chat, {
      ...line,
      place: 'audit#a',
      entry: id,
      action: { type: 'hug', personId: 'p' },
    });
    await tables.leave(names.chat, { place: 'audit#a', entry: entryOf(2).id });
    const { entries } = await store.auditPage('a', { limit: 5 });
    expect(entries).toEqual([{ id, ...line, action: { type: 'hug', personId: 'p' } }]);
  });
});

describe('a change of settings', () => {
  it('whose answer was lost, and that the SDK asks for again, is a change', async () => {
    const { store, open } = await opened();
    const twice = {
      send: async (command: never) => {
        if ((command as object) instanceof UpdateCommand) await tables.client.send(command);
        return tables.client.send(command);
      },
    } as unknown as TableClient;
    expect(await open(twice).changeSettings('a', { ...defaultSettings, slowS: 3 }, 0)).toEqual({
      ...defaultSettings,
      slowS: 3,
      version: 1,
    });
    expect(await store.settings('a')).toMatchObject({ slowS: 3, version: 1 });
  });
});

describe('the audit list', () => {
  it('refuses cursors that are no entries, whatever they are', async () => {
    const { store } = await opened();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.base64String()), async (before) => {
        await expect(store.auditPage('a', { limit: 1, before })).rejects.toThrow(BadCursorError);
      }),
      { numRuns: 50 },
    );
  });
});
