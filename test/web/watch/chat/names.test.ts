import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { nameColours } from '../../../../web/watch/chat/text.ts';

const read = (path: string): Promise<string> =>
  readFile(new URL(`../../../../web/${path}`, import.meta.url), 'utf8');

/** WCAG 2.2 relative luminance. */
function luminance(hex: string): number {
  const full = hex.length === 4 ? hex.replaceAll(/[0-9a-f]/gi, '$&$&') : hex;
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(full.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

describe('the colours of names', () => {
  it('are read on every ground of the chat, in both modes', async () => {
    const [names, base] = await Promise.all([read('watch/chat/names.css'), read('design/base.css')]);
    const [darkNames = '', lightNames = ''] = names.split('@media');
    const [darkBase = '', lightBase = ''] = base.split('@media (prefers-color-scheme: light)');
    const found: string[] = [];
    for (const [css, tokens] of [
      [darkNames, darkBase],
      [lightNames, lightBase],
    ] as const) {
      const colours = [...css.matchAll(/\.name-(\d+) \{\s*color: (#\w+)/g)];
      expect(colours).toHaveLength(nameColours);
      for (const ground of ['surface', 'raised', 'accent-soft', 'warn-ground']) {
        const hex = new RegExp(`--${ground}: (#\\w+)`).exec(tokens)?.[1] ?? '';
        for (const [, n, colour = ''] of colours)
          if (contrast(colour, hex) < 4.5)
            found.push(`name-${n} on ${ground}: ${contrast(colour, hex).toFixed(2)}`);
      }
    }
    expect(found).toEqual([]);
  });
});
