import { describe, expect, it } from 'vitest';
import { actionFor, timelineStep } from '../../../web/watch/shortcuts.ts';

const key = (name: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey', boolean>> = {}) => ({
  key: name,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...held,
});

describe('timelineStep', () => {
  it('goes as far as the same key does elsewhere', () => {
    for (const name of ['ArrowLeft', 'ArrowRight'])
      expect(actionFor(key(name), 'other')).toEqual({ do: 'seek', seconds: timelineStep(key(name)) });
  });
  it('leaves all other keys to the slider', () => {
    for (const other of [key('Home'), key('PageDown'), key('ArrowLeft', { altKey: true })])
      expect(timelineStep(other)).toBeUndefined();
  });
});

describe('actionFor', () => {
  it.each([
    [' ', { do: 'toggle-play' }],
    ['K', { do: 'toggle-play' }],
    ['m', { do: 'toggle-mute' }],
    ['f', { do: 'toggle-full' }],
    ['l', { do: 'live' }],
    ['?', { do: 'help' }],
    ['ArrowLeft', { do: 'seek', seconds: -10 }],
    ['ArrowUp', { do: 'volume', by: 0.1 }],
  ])('%s', (name, action) => expect(actionFor(key(name), 'other')).toEqual(action));

  it('leaves combinations to the browser', () => {
    expect(actionFor(key('l', { ctrlKey: true }), 'other')).toBeUndefined();
    expect(actionFor(key('ArrowLeft', { altKey: true }), 'other')).toBeUndefined();
  });
  it('leaves text fields alone', () => expect(actionFor(key('k'), 'text')).toBeUndefined());
  it('leaves a slider its arrows', () => {
    expect(actionFor(key('ArrowLeft'), 'slider')).toBeUndefined();
    expect(actionFor(key('m'), 'slider')).toEqual({ do: 'toggle-mute' });
  });
  it('leaves a button its space bar', () => expect(actionFor(key(' '), 'button')).toBeUndefined());
  it('knows no names of Object.prototype', () =>
    expect(actionFor(key('constructor'), 'other')).toBeUndefined());
});
