import type { Capture } from '../conformance/rules.ts';
import { allSegments, parseMedia } from '../conformance/parse.ts';

/**
 * A player's way through a live playlist: blocking reload, part by part, each answer kept. Also asks for
 * what every answer names as newest, and keeps what was not there.
 */
export interface Follower {
  readonly captures: readonly Capture[];
  readonly missing: readonly string[];
  stop(): Promise<void>;
}

/** @param base address of the broadcast's folder; @param uri the rendition's playlist in it */
export function follow(base: URL, uri: string): Follower {
  const captures: Capture[] = [];
  const missing: string[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;
  const url = new URL(uri, base);

  const check = async (file: string): Promise<void> => {
    const response = await fetch(new URL(file, url), { signal });
    if (!response.ok || (await response.arrayBuffer()).byteLength === 0)
      missing.push(`${uri} → ${file}: ${response.status}`);
  };

  const loop = async (): Promise<void> => {
    let next: { readonly msn: number; readonly part: number } | undefined;
    while (!signal.aborted) {
      const asked = new URL(url);
      if (next !== undefined) asked.search = `?_HLS_msn=${next.msn}&_HLS_part=${next.part}`;
      const response = await fetch(asked, { signal });
      // Nothing new for three target durations: the encoder is away. Ask again, as hls.js does.
      if (response.status === 503) continue;
      if (!response.ok) throw new Error(`${asked.pathname}${asked.search} answered ${response.status}`);
      const text = await response.text();
      captures.push({ atMs: Date.now(), uri, text });
      if (text.includes('#EXT-X-ENDLIST')) return;
      const media = parseMedia(text);
      const segments = allSegments(media);
      const last = segments.at(-1);
      if (last === undefined) throw new Error(`an empty playlist: ${text}`);
      next =
        last.uri !== undefined ? { msn: last.msn + 1, part: 0 } : { msn: last.msn, part: last.parts.length };
      const newest = last.parts.findLast((part) => !part.gap);
      const oldest = segments.find((segment) => segment.uri !== undefined && !segment.gap);
      for (const file of [newest?.uri, oldest?.uri]) if (file !== undefined) await check(file);
    }
  };
  const done = loop().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  // Reported by stop(); until then it is not unhandled.
  done.catch(() => {});
  return {
    captures,
    missing,
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
}
