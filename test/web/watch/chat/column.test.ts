import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { playerIs } from '../../../support/player.ts';
import { until } from '../../../support/platform.ts';
import type { ChatIndex } from '../../../../core/chat/replay.ts';
import { author, robin, type FakeChat } from '../../fake/chat.ts';
import { FakeShow } from '../../fake/show.ts';
import { beSignedIn, hostile, id, missingFrom, view, visitPages } from '../../fake/site.ts';

const visit = visitPages({ mediaS: 45, viewport: { width: 1280, height: 800 } });
let page: Page;
let chat: FakeChat;

beforeEach(() => {
  const { platform } = visit();
  ({ page } = visit());
  ({ chat } = platform.world);
  platform.world.shows.set(id, new FakeShow(visit().media, 30_000));
  platform.world.broadcasts.set(id, view({ chat: { shard: 'a', path: '/chat/a/' } }));
});

const open = async (signedIn = true): Promise<void> => {
  if (signedIn) await beSignedIn(visit());
  await page.goto(`${visit().platform.url}/watch/${id}`);
  await page.locator('.chat[data-chat=live]').waitFor();
};
const field = () => page.getByLabel('Message', { exact: true });
const lines = (): Promise<readonly string[]> => page.locator('.line .said').allTextContents();
const shows = (text: string) => page.locator('.line', { hasText: text }).waitFor();
const row = (text: string) => page.locator('.line', { hasText: text });
const following = (): Promise<string | null> => page.locator('.lines').getAttribute('data-following');
const focused = (): Promise<string> =>
  page.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.textContent ?? '');

const seek = (s: number): Promise<void> =>
  page.locator('[data-timeline]').evaluate((element, value) => {
    if (!(element instanceof HTMLInputElement)) return;
    element.value = String(value);
    element.dispatchEvent(new Event('input', { bubbles: true }));
    element.dispatchEvent(new Event('change', { bubbles: true }));
  }, s);

describe('the chat column', () => {
  it('shows names and texts as text, whatever they are, and only safe links', async () => {
    chat.say(hostile, hostile);
    chat.say('\u202Eevil', '\u202E\u2067 turned');
    chat.say('Ana', 'javascript:alert(1) https://ok.example/path, @robin');
    chat.say(author('Boss', 'broadcaster'), 'welcome');
    await open();
    await shows('welcome');
    expect((await lines())[0]).toBe(hostile);
    expect(await page.locator('.lines img').count()).toBe(0);
    const links = page.locator('.line a');
    expect(await links.count()).toBe(1);
    expect(await links.getAttribute('href')).toBe('https://ok.example/path');
    expect(await links.getAttribute('rel')).toMatch(/noopener.*nofollow/);
    expect(await page.locator('.line-to-me mark').textContent()).toBe('@robin');
    expect(await page.getByRole('img', { name: 'Broadcaster' }).count()).toBe(1);
    // A name that turns its own direction does not turn the line.
    const [name, text] = await Promise.all(
      ['.name', '.said'].map((part) => row('turned').locator(part).boundingBox()),
    );
    expect(name?.x ?? 0).toBeLessThan(text?.x ?? 0);
    expect(await page.title()).not.toBe('owned');
    // The content security policy lets WebSockets to the own origin through.
    expect(chat.joins.map(({ transport }) => transport)).toEqual(['websocket']);
    expect(await missingFrom(page)).toEqual([]);
  });

  it('writes: Enter sends, but not the one of an input method, and no shortcut fires', async () => {
    await open();
    await field().focus();
    await page.keyboard.type('mk? f');
    expect(await page.locator('[data-player]').getAttribute('data-paused')).toBe('false');
    expect(await page.locator('dialog[open]').count()).toBe(0);
    // What an input method does: a key down that is composing, then the text.
    const pressed = await field().evaluate((element) =>
      element.dispatchEvent(
        new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }),
      ),
    );
    expect([pressed, chat.messages.length]).toEqual([true, 0]);
    await page.keyboard.press('Enter');
    await shows('mk? f');
    expect([await field().inputValue(), chat.messages.length]).toEqual(['', 1]);
    await field().fill('x'.repeat(205));
    await page.getByText('5 too many').waitFor();
    await page.keyboard.press('Enter');
    expect(chat.messages).toHaveLength(1);
  });

  it('completes names and inserts emoji by the keyboard', async () => {
    chat.say('Anton', 'one');
    chat.say('Ana', 'two');
    await open();
    await shows('two');
    await field().focus();
    await page.keyboard.type('hi @an');
    await page.getByRole('option').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await field().inputValue()).toBe('hi @Anton ');
    await page.getByRole('button', { name: 'Emoji' }).press('Enter');
    await page.getByLabel('Find emoji').waitFor();
    await page.keyboard.type('fire');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    expect(await field().inputValue()).toBe('hi @Anton 🔥');
    // The browser says only after Escape that the picker is closed, and gives the focus to its button until then.
    await until('the focus', async () => (await focused()) === 'Message' || undefined);
  });

  it('keeps a refused text with its reason, and sends it once when it is tried again', async () => {
    await open();
    chat.postRefusal = {
      status: 429,
      detail: 'You write too fast.',
      reason: 'person-limit',
      retryAfterMs: 1_000,
    };
    await field().fill('patience');
    await page.keyboard.press('Enter');
    await page.getByText('You write too fast.').waitFor();
    chat.postRefusal = undefined;
    await page.getByRole('button', { name: 'Try again' }).click();
    await until('one message', () => Promise.resolve(chat.messages.length === 1 || undefined));
    await page.locator('.line-failed').waitFor({ state: 'detached' });
    expect(await lines()).toEqual(['patience']);
  });

  it('gives a text that is never taken back to be changed, and offers no more', async () => {
    await open();
    chat.postRefusal = { status: 422, detail: 'Links are for moderators only here.', reason: 'link' };
    await field().fill('see example.com');
    await page.keyboard.press('Enter');
    await page.getByText('Links are for moderators only here.').waitFor();
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
    chat.postRefusal = undefined;
    await field().fill('and this');
    await page.getByRole('button', { name: 'Edit' }).click();
    expect(await field().inputValue()).toBe('see example.com and this');
    await until('the focus', async () => (await focused()) === 'Message' || undefined);
    await page.locator('.line-failed').waitFor({ state: 'detached' });
    await field().fill('see for yourself');
    await page.keyboard.press('Enter');
    await until('one message', () => Promise.resolve(chat.messages.length === 1 || undefined));
    expect(await lines()).toEqual(['see for yourself']);
  });

  it('says in words why one can’t write, and how long', async () => {
    await open();
    chat.change({ slowS: 60 });
    await field().fill('first');
    await page.keyboard.press('Enter');
    await page.getByText(/Slow mode: you can send again in \d+ s/).waitFor();
    chat.control({ type: 'standing', state: 'timeout', until: Date.now() + 90_000 });
    await page.getByText(/Timeout: you can write again in 1:\d\d/).waitFor();
    chat.control({ type: 'standing', state: 'free' });
    chat.change({ slowS: 0, followersMin: 0 });
    const follow = page.locator('[data-chat-action=follow]');
    await follow.click();
    await follow.waitFor({ state: 'detached' });
    await page.locator('[data-control=follow][aria-pressed=true]').waitFor();
    chat.setLink('reconnecting');
    await page.getByText('Reconnecting: new messages').waitFor();
  });

  it('sends whoever is not signed in to the sign-in', async () => {
    await open(false);
    await page.locator('[data-chat-action=sign-in]').click();
    await page.waitForURL(/signed-in/);
    await page.locator('.chat[data-chat=live]').waitFor();
    await field().waitFor();
  });

  it('stays where one reads, counts what is new, and goes back to the end', async () => {
    for (let i = 0; i < 60; i += 1) chat.say('Ana', `line ${i} `.repeat(1 + (i % 5)));
    await open();
    await shows('line 59 ');
    await page.locator('.lines').hover();
    await page.mouse.wheel(0, -500);
    await until('the stop', async () => (await following()) === 'false' || undefined);
    const top = (): Promise<string> =>
      page.evaluate(() => {
        const box = document.querySelector('.lines')?.getBoundingClientRect();
        const first = [...document.querySelectorAll<HTMLElement>('.line')]
          .map((line) => ({
            text: line.textContent,
            y: Math.round(line.getBoundingClientRect().top - (box?.top ?? 0)),
          }))
          .filter(({ y }) => y >= 0)
          .toSorted((a, b) => a.y - b.y)[0];
        return JSON.stringify(first);
      });
    // A wheel's last movement may still be under way.
    let before = '';
    await until('rest', async () => {
      const now = await top();
      const isResting = now === before;
      before = now;
      return isResting || undefined;
    });
    // Far more than the page keeps: what is read stays all the same.
    for (let i = 0; i < 30; i += 1)
      chat.tell(
        Array.from({ length: 40 }, () => chat.make(author('Kofi'), 'flood of words '.repeat(1 + (i % 3)))),
      );
    await page.getByRole('button', { name: '1.2K new messages' }).waitFor();
    expect(await top()).toBe(before);
    await page.getByRole('button', { name: '1.2K new messages' }).click();
    chat.say('Ana', 'the newest');
    await shows('the newest');
    expect(await following()).toBe('true');
  });

  it('is moderated by the keyboard alone', async () => {
    chat.you = { ...robin, role: 'broadcaster' };
    chat.say('Ana', 'nice');
    chat.say('Troll', 'spam one');
    chat.say('Troll', 'spam two');
    await open();
    await shows('spam two');
    await row('spam two').focus();
    await page.keyboard.press('ArrowUp');
    await until('the row above', async () => (await focused()).includes('spam one') || undefined);
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Mention Troll' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await row('spam one').waitFor({ state: 'detached' });
    expect(await page.locator('[data-player]').getAttribute('data-mode')).toBe('live');
    await row('spam two').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: /^Ban/ }).press('Enter');
    await page.getByRole('button', { name: 'Ban', exact: true }).press('Enter');
    await page.getByText('Troll is banned.').waitFor();
    expect(chat.bans).toMatchObject([{ personId: 'person-Troll', name: 'Troll' }]);
    await row('spam two').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: /Delete all/ }).press('Enter');
    await row('spam two').waitFor({ state: 'detached' });
    expect(await lines()).toEqual(['nice']);
  });

  it('is run from its settings: off at once, words, bans', async () => {
    chat.you = { ...robin, role: 'moderator' };
    chat.bans.push({ personId: 'person-Ana', name: 'Ana', by: 'x', at: 0 });
    await open();
    await page.getByRole('button', { name: 'Chat options' }).click();
    await page.getByRole('button', { name: 'Chat settings' }).click();
    await page.getByRole('button', { name: 'Turn the chat off' }).click();
    await page.getByRole('button', { name: 'Turn the chat on' }).waitFor();
    expect(chat.settings.off).toBe(true);
    await page.getByLabel('Slow mode').selectOption('30');
    await page.getByText('Saved: it holds now').waitFor();
    await page.getByLabel(/Blocked words/).fill('spoiler');
    await page.getByRole('button', { name: 'Save words' }).click();
    await until('the words', () => Promise.resolve(chat.settings.blockedWords.length === 1 || undefined));
    expect([chat.settings.slowS, chat.settings.blockedWords]).toEqual([30, ['spoiler']]);
    await page.getByRole('tab', { name: 'People' }).click();
    await page.getByRole('button', { name: 'Lift the ban of Ana' }).click();
    await page.getByText('Nobody is banned.').waitFor();
    expect(await missingFrom(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await until('the focus', async () => (await focused()) === 'Chat options' || undefined);
    await page.getByText('Slow mode 30 s').waitFor();
  });

  it('is hidden and shown again, also after a reload, and stays connected for the count', async () => {
    await open(false);
    await page.getByRole('button', { name: 'Hide chat' }).click();
    await page.locator('.chat').waitFor({ state: 'detached' });
    chat.control({ type: 'viewers', count: 4_321 });
    await page.getByText('4.3K watching').waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Show chat' }).click();
    await page.locator('.chat[data-chat=live]').waitFor();
    expect(chat.sockets).toBe(1);
  });

  it('shows in time shift what was said at that moment, and goes live again', async () => {
    const { startedAt } = visit().platform.world.shows.get(id) as FakeShow;
    chat.messages.push(
      chat.make(author('Ana'), 'early', startedAt + 5_000),
      chat.make(author('Kofi'), 'late', startedAt + 16_000),
    );
    chat.seal(startedAt + 20_000, false);
    await open();
    await shows('late');
    await playerIs(page, { state: 'playing', mode: 'live' });
    await seek(10);
    await page.locator('.chat[data-view=timeshift]').waitFor();
    // Until the picture has arrived there, its moment is the one that it comes from.
    await until('that moment alone', async () => (await lines()).join() === 'early' || undefined);
    await page.getByText('You see the chat of that moment').waitFor();
    await seek(17);
    await shows('late');
    await page.locator('[data-chat-action=go-live]').click();
    await page.locator('.chat[data-view=live]').waitFor();
    await field().waitFor();
  });

  it('replays a recording in step with the picture, to and fro, without what was removed', async () => {
    const show = visit().platform.world.shows.get(id) as FakeShow;
    const said = (text: string, s: number) => chat.make(author('Ana'), text, show.startedAt + s * 1_000);
    const [early, removed, late] = [said('early', 1), said('removed', 2), said('late', 20)];
    chat.messages.push(early, removed, late);
    show.end();
    chat.seal(show.startedAt + 30_000, true);
    chat.index = { ...(chat.index as ChatIndex), removed: [removed.id] };
    await page.goto(`${visit().platform.url}/watch/${id}`);
    await playerIs(page, { state: 'playing', mode: 'recording' });
    await shows('early');
    expect(await lines()).toEqual(['early']);
    await seek(21);
    await shows('late');
    expect(await lines()).toEqual(['early', 'late']);
    await seek(5);
    await row('late').waitFor({ state: 'detached' });
    expect(await lines()).toEqual(['early']);
    // Nobody keeps a socket to a chat that is over, and each chunk was loaded once.
    expect(chat.joins).toEqual([]);
    expect(chat.chunksAsked.length).toBe(new Set(chat.chunksAsked).size);
  });

  it('lets the staff take out of a recording what was said in it', async () => {
    const show = visit().platform.world.shows.get(id) as FakeShow;
    chat.you = { ...robin, role: 'broadcaster' };
    for (const [name, text, s] of [
      ['Ana', 'nice', 1],
      ['Kofi', 'slip', 2],
      ['Troll', 'spam one', 3],
      ['Troll', 'spam two', 4],
    ] as const)
      chat.messages.push(chat.make(author(name), text, show.startedAt + s * 1_000));
    show.end();
    chat.seal(show.startedAt + 30_000, true);
    await beSignedIn(visit());
    await page.goto(`${visit().platform.url}/watch/${id}`);
    await playerIs(page, { state: 'playing', mode: 'recording' });
    await seek(10);
    await shows('spam two');
    const choose = async (text: string, item: RegExp): Promise<void> => {
      await row(text).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('menuitem', { name: item }).press('Enter');
    };
    await choose('slip', /Delete message/);
    await row('slip').waitFor({ state: 'detached' });
    await choose('spam one', /Delete all/);
    await row('spam two').waitFor({ state: 'detached' });
    expect(await lines()).toEqual(['nice']);
  });
});
