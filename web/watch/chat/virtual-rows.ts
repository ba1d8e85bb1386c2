/** @tanstack/virtual-core in Preact: only the rows in sight are in the page. */
import {
  defaultRangeExtractor,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from '@tanstack/virtual-core';
import { useLayoutEffect, useReducer, useRef } from 'preact/hooks';
import type { RefObject } from 'preact';

export type VirtualRows = Virtualizer<HTMLDivElement, HTMLDivElement>;

/** A line of words with its padding. */
const estimatedHeight = 30;
/** Nearer to the end than this counts as being there. */
export const endMarginPx = 48;

export function useVirtualRows(options: {
  readonly scroller: RefObject<HTMLDivElement>;
  readonly keys: readonly string[];
  /** A row that stays in the page though it is out of sight: it has the focus. */
  readonly kept: number | undefined;
}): VirtualRows {
  const [, draw] = useReducer((n: number) => n + 1, 0);
  const { scroller, keys, kept } = options;
  const own = useRef<VirtualRows | null>(null);
  const settings = {
    count: keys.length,
    getItemKey: (index: number) => keys[index] ?? index,
    getScrollElement: () => scroller.current,
    estimateSize: () => estimatedHeight,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    // What is read stays in its place when lines above it go.
    anchorTo: 'end' as const,
    followOnAppend: true,
    scrollEndThreshold: endMarginPx,
    overscan: 6,
    onChange: () => draw(undefined),
    rangeExtractor: (range: Parameters<typeof defaultRangeExtractor>[0]) => {
      const shown = defaultRangeExtractor(range);
      return kept === undefined || kept >= keys.length || shown.includes(kept)
        ? shown
        : [...shown, kept].sort((a, b) => a - b);
    },
  };
  own.current ??= new Virtualizer(settings);
  const virtual = own.current;
  virtual.setOptions(settings);
  forgetGone(virtual, keys);
  useLayoutEffect(() => virtual._didMount(), [virtual]);
  useLayoutEffect(() => virtual._willUpdate());
  return virtual;
}

/** The library remembers the height of every row that it has ever measured; a chat never ends. */
function forgetGone(virtual: VirtualRows, keys: readonly string[]): void {
  if (virtual.itemSizeCache.size <= keys.length * 2 + 100) return;
  const known = new Set(keys);
  for (const key of virtual.itemSizeCache.keys())
    if (!known.has(String(key))) virtual.itemSizeCache.delete(key);
}
